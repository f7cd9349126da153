"""What a server serves, and the arguments and environment that vLLM gets for it."""

from __future__ import annotations

import json
from pathlib import Path

from skillweave.agent.handle import ProfileName
from skillweave.agent.serving.plugin import BASE_HASH_VARIABLE, LIBRARY_VARIABLE
from skillweave.agent.serving.weights import NANO, profile_of, weights_hash
from skillweave.agent.settings import Settings
from skillweave.skills.errors import SettingsError
from skillweave.skills.model import Frozen

MAX_LORAS = 8
"""Different adapters in one batch."""
MAX_KEPT_LORAS = 64
"""Adapters kept in memory; others are read again from their folders."""
NANO_RANK = 128
"""Four adapters of the rank that nano's are trained at, summed exactly; batches compute at real ranks."""
CHAT_RANK = 64
NANO_CACHE_BYTES = 256 * 2**20
"""Room for 32 conversations of full length."""


class ServerSpec(Frozen):
    """One model to serve."""

    model: str
    """A folder, or the name of a model of the Hugging Face Hub."""
    name: str
    """The model's name in requests."""
    profile: ProfileName = "chat"
    base_hash: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    threads: int = 1
    library: str = ""
    """The folder of the library whose adapters may be named in requests."""

    @property
    def is_folder(self) -> bool:
        return Path(self.model).is_absolute()

    @property
    def max_rank(self) -> int:
        """The largest rank of an adapter; every adapter costs as much memory as this rank."""
        return NANO_RANK if self.profile == "nano" else CHAT_RANK

    def arguments(self) -> list[str]:
        """Arguments of vLLM's API server."""
        options = {
            "--model": self.model,
            "--served-model-name": self.name,
            "--host": self.host,
            "--port": str(self.port),
            "--max-loras": str(MAX_LORAS),
            "--max-cpu-loras": str(MAX_KEPT_LORAS),
            "--max-lora-rank": str(self.max_rank),
            "--uvicorn-log-level": "warning",
        }
        if self.profile == "nano":
            options |= {
                "--dtype": "bfloat16",
                "--kv-cache-memory-bytes": str(NANO_CACHE_BYTES),
                "--max-num-seqs": "64",
                # A small model that may put white space anywhere in JSON puts it everywhere.
                "--structured-outputs-config": json.dumps(
                    {"backend": "xgrammar", "disable_any_whitespace": True}
                ),
            }
        else:
            options["--max-model-len"] = "auto"  # as much as the memory has room for
        flags = ["--enable-lora", "--disable-log-stats", "--disable-uvicorn-access-log"]
        return [part for option in options.items() for part in option] + flags

    def environment(self) -> dict[str, str]:
        """Variables of the server's process, on top of our own."""
        variables = {
            "OMP_NUM_THREADS": str(self.threads),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
            "VLLM_LOGGING_LEVEL": "WARNING",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
            LIBRARY_VARIABLE: self.library,
            BASE_HASH_VARIABLE: self.base_hash,
        }
        if self.is_folder:
            variables |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
        return variables


def spec_for(name: str, settings: Settings) -> ServerSpec:
    """The spec of ``nano``, of a folder, or of ``org/name``."""
    folder = NANO if name == "nano" else Path(name).expanduser().absolute()
    common = {
        "port": settings.port,
        "threads": settings.threads,
        "library": str(settings.library),
    }
    if name != "nano" and not folder.is_dir():
        return ServerSpec.model_validate({"model": name, "name": name, **common})
    if not (folder / "config.json").is_file():
        raise SettingsError(f"model = {name!r}: {folder} holds no model (no config.json)")
    profile = profile_of(folder, name)
    return ServerSpec.model_validate(
        {
            "model": str(folder),
            "name": "nano" if profile == "nano" else folder.name,
            "profile": profile,
            "base_hash": weights_hash(folder),
            **common,
        }
    )
