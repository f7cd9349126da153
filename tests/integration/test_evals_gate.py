"""Candidates of known quality: the sound keep their meaning, the faulty do not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from pydantic import JsonValue

from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.verdict import Finding, StageName, Verdict
from skillweave.evals.gate import admitted, refusing, share
from skillweave.evals.gate_candidates import MIN_WRONG, Maker, bases_of
from skillweave.evals.gate_faults import CHANGES_VALUES, FAULTS, poisoned, shadow
from skillweave.evals.gate_source import paraphrased, reworded, wrapped
from skillweave.skills.builtin import builtin_root
from skillweave.skills.cases import same_value
from skillweave.skills.folder import TOOL_FILE, read_skill
from skillweave.skills.model import Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.store import HashEmbedder, Library


def builtin(name: str) -> tuple[Skill, str]:
    folder = builtin_root() / name
    return read_skill(folder), (folder / TOOL_FILE).read_text()


def function_in(source: str, name: str) -> Callable[..., JsonValue]:
    names: dict[str, object] = {}
    exec(compile(source, "tool.py", "exec"), names)  # noqa: S102  a built-in tool
    return cast(Callable[..., JsonValue], names[name])


@pytest.mark.parametrize(
    "name", ["convert-length", "add-days", "edit-distance", "median", "acronym"]
)
@pytest.mark.parametrize("seed", range(4))
def test_a_paraphrase_says_the_same(name: str, seed: int) -> None:
    skill, source = builtin(name)
    assert skill.signature is not None
    other = paraphrased(source, skill.signature.function, "again", random.Random(seed))
    assert other != source
    again = function_in(other, "again")
    for case in skill.cases:
        if case.raises is None:
            assert same_value(case.expected, again(**case.arguments))
        else:
            assert case.raises == "ValueError"
            with pytest.raises(ValueError, match=r"\w"):
                again(**case.arguments)


def test_a_wrapper_has_the_plain_tool_at_hand() -> None:
    source = 'def f(n: int) -> int:\n    """Double."""\n    return n if n < 1 else 2 + f(n - 1)\n'
    assert function_in(wrapped(source, "f", "return _plain(n=n) + 1"), "f")(4) == 9


def test_other_words_for_the_same() -> None:
    assert reworded("Convert a list") == "Change a sequence"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library(tmp_path_factory.mktemp("gate") / "library", embedder=HashEmbedder()) as opened:
        yield opened


@pytest.fixture(scope="module")
def calls() -> Iterator[Calls]:
    with Sandbox.open(workers=1) as sandbox:
        yield Calls(sandbox)


def test_the_halves_share_no_tool(library: Library) -> None:
    develop = {base.skill.name for base in bases_of(library, "develop")}
    report = {base.skill.name for base in bases_of(library, "report")}
    assert min(len(develop), len(report)) >= 100
    assert develop.isdisjoint(report)


def test_half_are_sound_and_the_rest_have_every_fault(library: Library, calls: Calls) -> None:
    found = list(Maker(library, calls, "report", 3).make(len(FAULTS)))
    assert [one.fault for one in found] == [None] * len(FAULTS) + list(FAULTS)
    for known in found:
        base = library.get(known.base)
        held = {repr(dict(task.arguments)) for task in known.candidate.tasks}
        own = {repr(dict(case.arguments)) for case in known.candidate.skill.cases}
        assert held
        assert held.isdisjoint(own)
        assert known.wrong >= MIN_WRONG or known.fault not in CHANGES_VALUES
        if known.fault is None:
            assert all(case in base.cases for case in known.candidate.skill.cases)


def test_a_shadow_claims_requests_of_others() -> None:
    own, _ = builtin("add-days")
    other, _ = builtin("day-of-week")
    made = shadow(own, [other], 0)
    assert len(set(made.requests) & set(other.requests)) * 2 > len(other.requests)
    assert poisoned(own, 0, random.Random(0)).body != own.body


def verdict(*findings: tuple[StageName, bool, str]) -> Verdict:
    made = tuple(Finding(stage=s, ok=ok, detail="", twin=twin) for s, ok, twin in findings)
    return Verdict(skill="a", digest="", author="write", decision="probation", reason="",
                   findings=made)  # fmt: skip


def test_a_merge_is_no_admission() -> None:
    passed = verdict(("scan", True, ""), ("duplicate", True, ""))
    merged = verdict(("scan", True, ""), ("duplicate", True, "other"))
    refused = verdict(("scan", False, ""), ("cases", True, ""))
    assert [admitted(v.findings) for v in (passed, merged, refused)] == [True, False, False]
    assert refusing(refused) == ("scan",)


def test_shares_have_their_interval() -> None:
    found = share(95, 100)
    assert found.low < 0.95 < found.high
    assert (share(0, 0).low, share(0, 0).high) == (0.0, 1.0)
