"""The Python of the README runs, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
RUNNABLE = re.compile(r"<!-- run -->\n```python\n(.*?)```", re.DOTALL)


def test_python_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    """All blocks marked to run share one namespace, and the agent is opened once, by the README."""
    blocks = RUNNABLE.findall(README)
    assert blocks
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"README.md, block {number}", "exec"), names)  # noqa: S102
    said = capsys.readouterr().out
    assert "reward" in said
    assert "2" in said
    assert "finished" in said
