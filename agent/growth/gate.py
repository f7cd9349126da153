"""The one gate that every candidate passes, whoever made it.

Stages run from cheap to dear and the first refusal ends it. Right and wrong are never the author's
word alone: its cases are one stage, the others are properties, other skills, held-out requests
and the neighbours. Save gates of this kind are what keeps self-written skills from doing harm
(CREATOR, CRAFT, Voyager; SkillsBench for what happens without).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing

from skillweave.agent.growth.agreement import Rival, broken_inverse, rivals_of
from skillweave.agent.growth.benefit import Solver, ToolSolver, compare, judged, mostly_right, wrong
from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.neighbours import Views, losses
from skillweave.agent.growth.properties import broken_property, known_inputs
from skillweave.agent.growth.scan import scan
from skillweave.agent.growth.verdict import (
    STAGES,
    Candidate,
    Cost,
    Decision,
    Finding,
    StageName,
    Verdict,
)
from skillweave.skills.cases import Runner, same_value
from skillweave.store.embed import Embedder, EmbeddingCache, MiniLMEmbedder
from skillweave.store.layout import Layout
from skillweave.store.library import Library
from skillweave.store.prepared import prepared_vectors

PERSONS = frozenset({"scan", "cases"})
"""The stages that refuse code a person brings; on all else the person has decided."""
OnStage = Callable[[Finding], None]


class Gate:
    """Judges candidates for one library; it changes nothing."""

    def __init__(
        self,
        library: Library,
        runner: Runner,
        *,
        embedder: Embedder | None = None,
        seed: int = 0,
        thorough: bool = False,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            library: What the candidate would join.
            runner: The sandbox.
            embedder: For the neighbours' requests; MiniLM when None.
            seed: Decides the generated inputs.
            thorough: Run all stages, also after a refusal (to measure them).
        """
        self._library, self._runner = library, runner
        self._embedder = embedder or MiniLMEmbedder()
        self._seed, self._thorough = seed, thorough

    def cost(self, candidate: Candidate) -> tuple[Cost, ...]:
        """The runs of tools each stage takes at most, without running any."""
        skill = candidate.skill
        if skill.signature is None:
            return tuple(Cost(stage=stage, calls=0) for stage in STAGES)
        own, several = len(skill.cases), len(skill.signature.parameters) > 1
        batches = 2 * (1 + (len(known_inputs(skill)) + 14) // 16) + 1
        calls: Mapping[StageName, int] = {
            "cases": own,
            "properties": batches + 2 * several * len(skill.signature.parameters),
            "agreement": 18 + 6 * (len(candidate.tasks) // 16) + 26,
            "held-out": len(candidate.tasks),
            "benefit": len(candidate.tasks),
        }
        return tuple(Cost(stage=stage, calls=calls.get(stage, 0)) for stage in STAGES)

    def judge(
        self,
        candidate: Candidate,
        *,
        solver: Solver | None = None,
        without: Collection[str] = (),
        on_stage: OnStage | None = None,
    ) -> Verdict:
        """All stages, or up to the first refusal.

        Args:
            candidate: What wants to join.
            solver: How to try held-out requests; by tools alone when None.
            without: Skills of the library to leave out of account, as an earlier version's name.
            on_stage: Told after each stage.
        """
        calls = Calls(self._runner)
        barred = {*without, candidate.skill.name}
        findings: list[Finding] = []
        remembered = Layout(self._library.root).embeddings
        with closing(EmbeddingCache(self._embedder, remembered, prepared_vectors)) as cache:
            for finding in self._stages(candidate, calls, Views(cache), barred, solver):
                findings.append(finding)
                if on_stage is not None:
                    on_stage(finding)
                if _refuses(finding) and not self._thorough:
                    break
        decision, reason = _decided(findings)
        return Verdict(
            skill=candidate.skill.name,
            digest=candidate.skill.digest,
            author=candidate.author,
            decision=decision,
            reason=reason,
            findings=tuple(findings),
            permissions=scan(
                candidate.skill, candidate.source, by_person=candidate.by_person
            ).permissions,
            planned_calls=sum(one.calls for one in self.cost(candidate)),
            calls=calls.count,
            seed=self._seed,
        )

    def _stages(
        self,
        candidate: Candidate,
        calls: Calls,
        views: Views,
        without: Collection[str],
        solver: Solver | None,
    ) -> Iterator[Finding]:
        solver = solver or ToolSolver(self._library, calls, views, without)
        rivals: list[Rival] = []

        def agreement() -> Finding:
            rivals[:] = rivals_of(candidate, self._library, calls, self._seed, without)
            return _agreement(candidate, self._library, calls, self._seed, rivals, without)

        stages: Mapping[StageName, Callable[[], Finding]] = {
            "scan": lambda: _scan(candidate),
            "cases": lambda: _cases(candidate, calls),
            "properties": lambda: _properties(candidate, calls, self._seed),
            "agreement": agreement,
            "held-out": lambda: _held_out(candidate, calls, solver),
            "benefit": lambda: _benefit(candidate, solver),
            "neighbours": lambda: _neighbours(candidate, self._library, views, without),
            "duplicate": lambda: _duplicate(rivals),
        }
        for name in STAGES:
            before = calls.count
            finding = stages[name]()
            code = candidate.skill.kind == "tool"
            binding = not candidate.by_person or (code and name in PERSONS)
            spent = calls.count - before
            yield finding.model_copy(update={"calls": spent, "binding": binding})


def _refuses(finding: Finding) -> bool:
    return finding.binding and not finding.ok


def _decided(findings: Collection[Finding]) -> tuple[Decision, str]:
    for one in findings:
        if _refuses(one):
            return "refused", f"{one.stage}: {one.detail}"
    for one in findings:
        if one.twin and one.binding:
            return "merge", f"{one.twin} does the same; its requests should grow instead"
    noted = [f"{one.stage}: {one.detail}" for one in findings if not one.ok]
    return "probation", "; ".join(noted) or "nothing speaks against it"


def _scan(candidate: Candidate) -> Finding:
    faults = scan(candidate.skill, candidate.source, by_person=candidate.by_person).faults
    return Finding(stage="scan", ok=not faults, detail="; ".join(faults) or "nothing forbidden")


def _cases(candidate: Candidate, calls: Calls) -> Finding:
    skill = candidate.skill
    if skill.signature is None or not skill.cases:
        return Finding(stage="cases", ok=True, detail="it has none of its own")
    for number, case in enumerate(skill.cases, 1):
        outcome = calls.once(candidate.source, skill.signature.function, case.arguments)
        failure = outcome.error.type if outcome.error else None
        right = failure == case.raises and (
            failure is not None or same_value(case.expected, outcome.value)
        )
        if not right:
            told = outcome.error if outcome.error else repr(outcome.value)[:80]
            detail = f"case {number} gives {told}, not {case.raises or repr(case.expected)[:80]}"
            return Finding(stage="cases", ok=False, detail=detail)
    return Finding(stage="cases", ok=True, detail=f"all {len(skill.cases)} of its own hold")


def _properties(candidate: Candidate, calls: Calls, seed: int) -> Finding:
    broken = broken_property(candidate.skill, candidate.source, calls, seed)
    return Finding(stage="properties", ok=not broken, detail=broken or "all that apply hold")


def _agreement(
    candidate: Candidate,
    library: Library,
    calls: Calls,
    seed: int,
    rivals: Collection[Rival],
    without: Collection[str],
) -> Finding:
    for rival in rivals:
        if rival.contradicts:
            detail = (
                f"{rival.name} claims the same and agrees on {rival.agreed} of {rival.told}"
                f" inputs, not on {rival.difference}"
            )
            return Finding(stage="agreement", ok=False, detail=detail)
    broken = broken_inverse(candidate, library, calls, seed, without)
    told = "no other skill contradicts it"
    return Finding(stage="agreement", ok=not broken, detail=broken or told)


def _held_out(candidate: Candidate, calls: Calls, solver: Solver) -> Finding:
    if candidate.skill.kind == "adapter" and candidate.tasks:
        return mostly_right(candidate, solver)
    for task in candidate.tasks if candidate.skill.signature else ():
        got = wrong(task, candidate, calls)
        if got:
            detail = f"{task.request!r} gives {got}, not {task.expected!r}"[:300]
            return Finding(stage="held-out", ok=False, detail=detail)
    told = f"all {len(candidate.tasks)} hold" if candidate.tasks else "there are none"
    return Finding(stage="held-out", ok=True, detail=told)


def _benefit(candidate: Candidate, solver: Solver) -> Finding:
    if not candidate.tasks:
        return Finding(stage="benefit", ok=True, detail="there are no held-out requests to compare")
    return judged(compare(candidate, solver), must_win=candidate.skill.kind == "adapter")


def _neighbours(
    candidate: Candidate, library: Library, views: Views, without: Collection[str]
) -> Finding:
    found = losses(candidate, library, views, without)
    clear = next((one for one in found if one.clear), None)
    if clear is None:
        detail = f"{len(found)} neighbours keep their requests"
        return Finding(stage="neighbours", ok=True, detail=detail)
    detail = (
        f"{clear.neighbour} would lose {clear.lost} of its {clear.requests} requests,"
        f" as {clear.example!r}"
    )
    return Finding(stage="neighbours", ok=False, detail=detail)


def _duplicate(rivals: Collection[Rival]) -> Finding:
    twin = next((one for one in rivals if one.twin), None)
    if twin is None:
        return Finding(stage="duplicate", ok=True, detail="no other skill does the same")
    detail = f"{twin.name} gives the same on {twin.told} inputs"
    return Finding(stage="duplicate", ok=True, detail=detail, twin=twin.name)
