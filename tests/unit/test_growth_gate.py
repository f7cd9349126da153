"""The gate with a small library and the real sandbox: each stage refuses what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.benefit import compare, judged
from skillweave.agent.growth.desk import Desk
from skillweave.agent.growth.gate import Gate
from skillweave.agent.growth.lifecycle import advance
from skillweave.agent.growth.verdict import Candidate, Decision, StageName, Task, Verdict
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import SkillNotFoundError, UserError
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Case, Skill, SkillState
from skillweave.skills.sandbox import Sandbox
from skillweave.skills.signature import signature_of
from skillweave.store import HashEmbedder, Library

SORT = 'def order(items: list[float]) -> list[float]:\n    """Sort."""\n    return sorted(items)\n'
JOIN = (
    "def glue(first: str, second: str) -> str:\n"
    '    """Put two texts together with a dash."""\n'
    "    return first + '-' + second\n"
)
GLUED = (
    Case(arguments={"first": "ab", "second": "cd"}, expected="ab-cd"),
    Case(arguments={"first": "one", "second": "two"}, expected="one-two"),
)

SORTED = (Case(arguments={"items": [2, 1, 3]}, expected=[1, 2, 3]),)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(workers=1) as opened:
        yield opened


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as opened:
        requests = (
            "sort the numbers",
            "order the list upwards",
            "sort ascending",
            "smallest first",
        )
        skill = made("sort-numbers", "Sort numbers ascending.", SORT, SORTED, requests)
        opened.add(packed(skill, SORT), state="active")
        yield opened


def made(
    name: str,
    description: str,
    source: str,
    cases: tuple[Case, ...] = GLUED,
    requests: tuple[str, ...] = (),
) -> Skill:
    function = source.rpartition("def ")[2].partition("(")[0]
    return Skill(name=name, description=description, kind="tool", cases=cases, requests=requests,
                 metadata={"skillweave-function": function},
                 signature=signature_of(source, function))  # fmt: skip


def packed(skill: Skill, source: str) -> WrappedSkill:
    return WrappedSkill(skill=skill, files={TOOL_FILE: source.encode()}, source=Path(skill.name))


def glue(source: str, tasks: tuple[Task, ...] = ()) -> Candidate:
    skill = made("glue-texts", "Put two texts together with a dash.", source)
    return Candidate(skill=skill, source=source, author="write", tasks=tasks)


def gate_of(library: Library, sandbox: Sandbox) -> Gate:
    return Gate(library, sandbox, embedder=HashEmbedder())


def held(number: int = 6, *, right: bool = True) -> tuple[Task, ...]:
    return tuple(
        Task(request="put the texts together with a dash",
             arguments={"first": f"a{n}", "second": f"b{n}"},
             expected=f"a{n}-b{n}" if right else f"a{n} b{n}")
        for n in range(number)
    )  # fmt: skip


def test_a_sound_candidate_passes_within_its_cost(library: Library, sandbox: Sandbox) -> None:
    heard: list[StageName] = []
    gate = gate_of(library, sandbox)
    candidate = glue(JOIN, held())
    planned = sum(one.calls for one in gate.cost(candidate))
    verdict = gate.judge(candidate, on_stage=lambda finding: heard.append(finding.stage))
    assert verdict.decision == "probation", verdict.reason
    assert len(heard) == 8
    assert 0 < verdict.calls <= planned == verdict.planned_calls
    benefit = next(one for one in verdict.findings if one.stage == "benefit")
    assert benefit.effect == 1.0
    assert benefit.detail.startswith("5 won")  # the sixth pair was not needed


GUARDED = JOIN.replace("return", "_SEEN.append(first)\n    return")
FAULTS: list[tuple[str, StageName, str]] = [
    (JOIN.replace("'-'", "'+'"), "cases", "case 1"),
    ("import os\n" + JOIN, "scan", "imports os"),
    (JOIN.replace("second\n", "second[:0] + 'cd'\n"), "cases", "case 2"),
    ("_SEEN = []\n" + GUARDED, "properties", "keeps"),
    ("_N = [0]\n" + JOIN.replace("return first", "_N[0] += 1\n    return '*' * (_N[0] > 3) + first"),
     "properties", "two values"),
    (JOIN.replace("return first", "return 7 if len(first) == 1 else first"), "properties", "integer"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "stage", "reason"), FAULTS)
def test_a_faulty_candidate_is_refused_for_its_fault(
    source: str, stage: StageName, reason: str, library: Library, sandbox: Sandbox
) -> None:
    verdict = gate_of(library, sandbox).judge(glue(source))
    assert verdict.decision == "refused"
    assert verdict.reason.startswith(f"{stage}:")
    assert reason in verdict.reason


def test_chance_is_refused_whichever_stage_it_fails_first(
    library: Library, sandbox: Sandbox
) -> None:
    chance = JOIN.replace("second\n", "second + ' ' * (random.random() < 0.5)\n")
    verdict = gate_of(library, sandbox).judge(glue("import random\n" + chance))
    assert verdict.decision == "refused"
    assert verdict.reason.startswith(("cases: case", "properties: the same input gives two values"))


def test_an_ignored_argument_is_seen(library: Library, sandbox: Sandbox) -> None:
    source = JOIN.replace("+ second", "+ (second and 'x')")
    cases = (
        Case(arguments={"first": "ab", "second": "cd"}, expected="ab-x"),
        Case(arguments={"first": "e", "second": "fg"}, expected="e-x"),
    )
    skill = made("glue-texts", "Put two texts together.", source, cases)
    candidate = Candidate(skill=skill, source=source, author="write")
    verdict = gate_of(library, sandbox).judge(candidate)
    assert verdict.reason.startswith("properties: second makes no difference")


def test_changed_arguments_are_seen(library: Library, sandbox: Sandbox) -> None:
    source = SORT.replace("return sorted(items)", "items.sort()\n    return items[1:]")
    skill = made(
        "rest",
        "All but the smallest.",
        source,
        (Case(arguments={"items": [2, 1, 3]}, expected=[2, 3]),),
    )
    verdict = gate_of(library, sandbox).judge(Candidate(skill=skill, source=source, author="write"))
    assert verdict.reason.startswith("properties: it changes what it is given")


def test_one_wrong_answer_to_a_held_out_request_refuses(library: Library, sandbox: Sandbox) -> None:
    verdict = gate_of(library, sandbox).judge(glue(JOIN, held(right=False)))
    assert verdict.reason.startswith("held-out: 'put the texts together with a dash' gives 'a0-b0'")


def test_a_copy_is_a_merge_proposal(library: Library, sandbox: Sandbox) -> None:
    source = SORT.replace("sorted(items)", "list(reversed(sorted(items, reverse=True)))")
    skill = made("order-up", "Sort numbers ascending.", source, SORTED)
    verdict = gate_of(library, sandbox).judge(Candidate(skill=skill, source=source, author="write"))
    assert (verdict.decision, verdict.twin) == ("merge", "sort-numbers")


def test_who_claims_the_same_and_mostly_does_it_is_refused(
    library: Library, sandbox: Sandbox
) -> None:
    source = SORT.replace("sorted(items)", "sorted(items, key=lambda n: n if n < 4 else -n)")
    cases = (*SORTED, Case(arguments={"items": [1, 0, 0]}, expected=[0, 0, 1]))
    skill = made("sort-numbers-up", "Sort numbers ascending.", source, cases)
    gate = gate_of(library, sandbox)
    verdict = gate.judge(Candidate(skill=skill, source=source, author="write"))
    assert verdict.reason.startswith("agreement: sort-numbers claims the same")


def test_a_held_out_request_says_which_of_two_is_wrong(library: Library, sandbox: Sandbox) -> None:
    source = SORT.replace("sorted(items)", "sorted(items, key=lambda n: n if n < 4 else -n)")
    skill = made("sort-numbers-up", "Sort numbers ascending.", source, SORTED[:1])
    told = Task(request="large ones first", arguments={"items": [5, 9, 1]}, expected=[9, 5, 1])
    candidate = Candidate(skill=skill, source=source, author="write", tasks=(told,))
    verdict = gate_of(library, sandbox).judge(candidate)
    assert "agreement" not in {one.stage for one in verdict.findings if not one.ok}


def test_who_takes_a_neighbours_requests_is_refused(library: Library, sandbox: Sandbox) -> None:
    requests = library.get("sort-numbers").requests
    skill = made("glue-texts", "Sort numbers ascending.", JOIN, GLUED, requests)
    verdict = gate_of(library, sandbox).judge(Candidate(skill=skill, source=JOIN, author="write"))
    assert verdict.reason.startswith("neighbours: sort-numbers would lose")


class Luck:
    """A solver with given answers: (with, without) by turns."""

    def __init__(self, with_it: bool, without: bool) -> None:
        self._answers = {True: with_it, False: without}
        self.asked = 0

    def solve(self, task: Task, candidate: Candidate | None) -> bool:
        self.asked += 1
        return self._answers[candidate is not None]


@pytest.mark.parametrize(
    ("with_it", "without", "pairs", "ok"),
    [(True, False, 5, True), (False, True, 5, False), (False, False, 40, False)],
)
def test_the_comparison_ends_when_the_answer_is_clear(
    with_it: bool, without: bool, pairs: int, ok: bool
) -> None:
    solver = Luck(with_it, without)
    found = compare(glue(JOIN, held(40)), solver)
    assert (found.pairs, solver.asked) == (pairs, 2 * pairs)
    assert judged(found).ok is ok


def offer(library: Library, sandbox: Sandbox, source: str, author: str) -> Verdict:
    skill = made("glue-texts", "Put two texts together with a dash.", source)
    admission = Admission(library, sandbox, embedder=HashEmbedder())
    return admission.offer(packed(skill, source), author, held(3))


@pytest.mark.parametrize(
    ("source", "author", "decision"),
    [
        (JOIN, "compile", "probation"),
        (JOIN, "write", "approval"),
        (JOIN.replace("'-'", "'+'"), "compile", "refused"),
    ],
)
def test_the_verdict_is_on_record(
    source: str, author: str, decision: Decision, library: Library, sandbox: Sandbox
) -> None:
    verdict = offer(library, sandbox, source, author)
    assert verdict.decision == decision
    noted = [event for event in library.history("glue-texts") if event.kind == "verdict"]
    assert [(event.digest, event.detail) for event in noted] == [(verdict.digest, verdict.line())]
    if decision == "probation":
        folder = library.get("glue-texts").path
        assert folder is not None
        kept = Verdict.model_validate_json((folder / "verdict.json").read_bytes())
        assert (kept, library.get("glue-texts").digest) == (verdict, verdict.digest)
        assert library.entry("glue-texts").state == "probation"
    else:
        with pytest.raises(SkillNotFoundError):
            library.get("glue-texts")


def test_approval_is_bound_to_the_digest(library: Library, sandbox: Sandbox) -> None:
    seen = offer(library, sandbox, JOIN, "write").digest
    desk = Desk(library)
    assert any(
        "+    return first + '-' + second" in line for line in desk.diff(desk.find("glue-texts"))
    )
    file = desk.find("glue-texts").folder / TOOL_FILE
    file.write_text(JOIN.replace("'-'", "'+'"))
    with pytest.raises(UserError, match="look at it again"):
        desk.approve("glue-texts", seen[:12])
    file.write_text(JOIN)
    assert desk.approve("glue-texts", seen[:12]).digest == seen
    assert library.entry("glue-texts").state == "probation"
    assert desk.waiting() == []


def test_a_rejected_candidate_is_kept_on_record(library: Library, sandbox: Sandbox) -> None:
    digest = offer(library, sandbox, JOIN, "write").digest
    Desk(library).reject("glue-texts", "not wanted")
    assert Desk(library).waiting() == []
    assert library.history("glue-texts")[-1].detail == "refused: not wanted"
    assert (library.root / ".skillweave" / "refused" / digest[:12] / "glue-texts").is_dir()


def test_verified_uses_end_the_probation_and_pins_hold(library: Library, sandbox: Sandbox) -> None:
    offer(library, sandbox, JOIN, "compile")
    for _ in range(3):
        library.record("glue-texts", "used")
        library.record("glue-texts", "succeeded")
    assert [(c.skill, c.state) for c in advance(library)] == [("glue-texts", "active")]
    library.pin("glue-texts")
    later = 10_000_000_000.0
    assert [c.skill for c in advance(library, now=later)] == ["sort-numbers"]
    library.unpin("glue-texts")
    assert [c.state for c in advance(library, ["glue-texts"], now=later)] == ["stale"]


def test_a_person_is_told_and_decides(library: Library, sandbox: Sandbox, tmp_path: Path) -> None:
    """A copy and a dice: neither is refused when a person brings it, both are on record."""
    admission = Admission(library, sandbox, embedder=HashEmbedder())
    file = tmp_path / "dice.py"
    file.write_text(
        "import random\ndef throw_dice(sides: int) -> int:\n"
        '    """Throw a dice."""\n    return random.randrange(sides) + 1\n'
    )
    (skill,) = library.take(file, check=admission.check)
    assert skill.path is not None
    verdict = Verdict.model_validate_json((skill.path / "verdict.json").read_bytes())
    assert verdict.permissions == ("takes chance or the clock from random",)
    assert verdict.decision == "probation"
    file.write_text("import socket\ndef reach(host: str) -> str:\n    return host\n")
    with pytest.raises(UserError, match="imports socket"):
        library.take(file, check=admission.check)


def test_a_folder_put_among_the_skills_goes_through_the_gate(
    library: Library, sandbox: Sandbox
) -> None:
    skill = made("glue-texts", "Put two texts together with a dash.", JOIN)
    packed(skill, JOIN).write(library.root / "skills" / "glue-texts")
    admission = Admission(library, sandbox, embedder=HashEmbedder())
    assert library.sync(check=admission.check).added == ("glue-texts",)
    assert library.entry("glue-texts").state == "active"
    assert (library.root / "skills" / "glue-texts" / "verdict.json").is_file()
    assert library.sync(check=admission.check).updated == ()
    assert [event.kind for event in library.history("glue-texts")] == ["verdict", "added"]
    assert library.check() == []


@pytest.mark.parametrize(
    ("source", "policy", "state"),
    [
        (JOIN, "tool=known", "probation"),
        (JOIN, "tool=ask", "candidate"),
        (JOIN.replace("'-'", "'+'"), "tool=known", "archived"),
    ],
)
def test_a_candidate_of_the_library_is_decided(
    source: str, policy: str, state: SkillState, library: Library, sandbox: Sandbox
) -> None:
    skill = made("glue-texts", "Put two texts together with a dash.", source)
    skill = skill.model_copy(
        update={"metadata": {**skill.metadata, "skillweave-author": "compile"}}
    )
    library.add(packed(skill, source), state="candidate", author="compile")
    desk = Desk(library)
    desk.set_policy(policy)
    verdict = Admission(library, sandbox, embedder=HashEmbedder()).decide("glue-texts")
    assert library.entry("glue-texts").state == state
    if verdict.decision == "approval":
        desk.approve("glue-texts", verdict.digest)
        assert library.entry("glue-texts").state == "probation"
