"""A teaching that is killed at any moment, and one that is cancelled, leave the library whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from skillweave.agent.growth.teach import Lesson, Progress
from skillweave.agent.growth.teach_job import Teaching
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case
from skillweave.store import Library

SCRIPT = Path(__file__).with_name("teach_killed.py")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> list[dict[str, object]]:
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, tiny_model], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_kill_at_any_moment_loses_nothing_and_leaves_nothing_half(
    told: list[dict[str, object]],
) -> None:
    assert len(told) == 11
    for one in told:
        assert one["killed"] == (one["moment"] != "never"), one
        assert one["problems"] == [], one
        assert one["staged"] == 0, one
        names = one["names"]
        assert isinstance(names, list)
        assert "kept" in names, one
        assert one["whole"] == [True] * (len(names) - 1), one
        assert ("way" in names) == ("way" in one["found"]), one  # type: ignore[operator]
        if one["update"]:
            assert names == ["kept", "way"], one


def test_what_was_not_admitted_is_not_there_and_what_was_is(told: list[dict[str, object]]) -> None:
    new = {str(one["moment"]): "way" in one["names"] for one in told if not one["update"]}  # type: ignore[operator]
    assert new == {
        "never": True,
        "loading the model": False,
        "before _write_note": False,
        "after replace_folder": True,
    }
    old = {str(one["moment"]): one["old"] for one in told if one["update"]}
    assert old["step 10"] is old["judging"] is old["before replace_folder"] is True
    assert old["after replace_folder"] is old["before _finish"] is old["never"] is False


def test_a_cancelled_teaching_says_so_and_a_bad_one_says_why(
    tiny_model: Path, tmp_path: Path
) -> None:
    cases = tuple(Case(input=f"word {n}", expected=n % 3) for n in range(40))
    wanted = Lesson(name="way", examples=cases)
    heard: list[Progress] = []
    teaching = Teaching(wanted, tmp_path, str(tiny_model), on_progress=heard.append)
    teaching.cancel()
    with pytest.raises(UserError, match="way was not taught: cancelled"):
        teaching.result()
    assert teaching.done
    lost = Teaching(wanted, tmp_path, "openai:gpt-5")
    with pytest.raises(UserError, match="openai:gpt-5 cannot be taught"):
        lost.result(300)
    with Library(tmp_path, builtin=False) as library:
        assert library.list() == []
