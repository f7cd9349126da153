"""`skillweave review`: list, show, approve, reject, policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent.cli.app import app
from skillweave.agent.cli.options import Options
from skillweave.agent.growth.desk import Desk
from skillweave.agent.growth.verdict import Finding, Verdict
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.files import VERDICT, hash_files
from skillweave.skills.folder import TOOL_FILE, complete_files
from skillweave.skills.model import Skill
from skillweave.skills.signature import signature_of
from skillweave.store import HashEmbedder, Library

SOURCE = 'def echo(text: str) -> str:\n    """Say it again."""\n    return text\n'


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Library]:
    def opened(options: Options | None = None) -> Library:
        return Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False)

    monkeypatch.setattr(Options, "open_library", opened)
    with opened() as lib:
        yield lib


@pytest.fixture
def digest(library: Library) -> str:
    """One candidate waits."""
    skill = Skill(name="echo", description="Say it again.", kind="tool",
                  signature=signature_of(SOURCE, "echo"))  # fmt: skip
    files = complete_files(skill, {TOOL_FILE: SOURCE.encode()})
    skill = skill.model_copy(update={"digest": hash_files(files)})
    finding = Finding(stage="properties", ok=True, detail="all that apply hold")
    verdict = Verdict(skill="echo", digest=skill.digest, author="write", decision="approval",
                      reason="its code is new", findings=(finding,),
                      permissions=("imports os",))  # fmt: skip
    files[VERDICT] = verdict.model_dump_json().encode()
    Desk(library).put(WrappedSkill(skill=skill, files=files, source=Path("echo")))
    return skill.digest


def review(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["review", *arguments])
    return done.exit_code, done.output


def test_nothing_waits_at_first() -> None:
    assert review() == (0, "nothing waits for approval\n")


def test_what_waits_is_listed_and_shown(digest: str) -> None:
    assert review() == (0, f"echo  {digest[:12]}  tool  its code is new\n")
    assert json.loads(review("--json")[1])[0]["digest"] == digest
    code, shown = review("echo")
    assert code == 0
    assert "permissions: imports os" in shown
    assert "+ properties: all that apply hold" in shown
    assert "+    return text" in shown
    assert "+    return text" in json.loads(review("echo", "--json")[1])["diff"]


def test_only_the_digest_that_was_seen_is_approved(digest: str, library: Library) -> None:
    code, _ = review("echo", "--approve", "0" * 12)
    assert code != 0
    assert Desk(library).waiting()
    assert review("echo", "--approve", digest[:12])[0] == 0
    library.sync()
    assert library.get("echo").digest == digest
    assert review()[1] == "nothing waits for approval\n"


def test_a_candidate_can_be_refused(digest: str, library: Library) -> None:
    assert review("echo", "--reject", "no use") == (0, "refused echo\n")
    assert library.history("echo")[-1].detail == "refused: no use"


def test_policies_are_set_by_kind(library: Library) -> None:
    code, told = review("--auto", "tool=ask", "--auto", "guide=auto")
    assert code == 0
    assert "tool=ask" in told
    assert Desk(library).policies.guide == "auto"
    assert review("--auto", "tool=maybe")[0] != 0


def test_a_name_is_needed_to_decide(digest: str) -> None:
    assert review("--approve", digest)[0] == 2
    assert review("other")[0] != 0


def test_tidy_judges_the_candidates_of_the_library(library: Library, tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(SOURCE.replace("return text", "return eval(text)"))
    library.add(tmp_path / "echo.py", state="candidate")
    code, told = review("--tidy")
    assert code == 0
    assert "1 candidates, at most" in told
    assert "echo  refused: scan: it uses eval" in told
    library.sync()
    assert library.entry("echo").state == "archived"


def test_tidy_says_what_it_changed(library: Library, tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(SOURCE)
    library.add(tmp_path / "echo.py")
    for _ in range(4):
        library.record("echo", "used")
        library.record("echo", "failed")
    assert review("--tidy") == (0, "echo is stale now: 0 of 4 uses succeeded\n")
