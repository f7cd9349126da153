"""What the README names exists: make targets, commands, files; its example skill is a skill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent.cli.app import app
from skillweave.skills.drop import wrap

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"<!-- skill: (\S+) -->\n```python\n(.*?)```", re.DOTALL)


def commands() -> list[tuple[str, ...]]:
    """Each ``skillweave a b`` named in the text, without options and arguments."""
    found = re.findall(r"(?:^|`|bin/)skillweave((?: [a-z]+(?:-[a-z]+)*)+)", README, re.MULTILINE)
    return sorted({tuple(words.split()[:2]) for words in found})


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`|\s)make ([a-z-]+)", README))))
def test_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_exist(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_example_skill_is_a_skill(tmp_path: Path) -> None:
    name, source = EXAMPLE.findall(README)[0]
    (tmp_path / name).write_text(source)
    (wrapped,) = wrap(tmp_path / name)
    assert wrapped.skill.kind == "tool"
    assert wrapped.skill.name == "tank-volume"
