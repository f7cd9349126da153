"""Where samples are tried: an agent over a studied library, and what becomes of one sample."""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from skillweave.agent.api import Agent
from skillweave.agent.growth.distil_raw import body_of
from skillweave.agent.handle import ModelHandle
from skillweave.agent.nodes.answer import BEYOND
from skillweave.agent.profiles.base import Profile
from skillweave.agent.result import Result
from skillweave.agent.settings import Settings
from skillweave.agent.state import MODEL
from skillweave.agent.trace import Trace, trace_file
from skillweave.evals.journal import Journal
from skillweave.evals.record import Key, Record, Status
from skillweave.evals.studied import StudiedLibrary, Trial, on_trial
from skillweave.evals.suite import Arm, Loaded, Sample, Seen, Solving, Suite
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import Embedder


@dataclass(frozen=True)
class Bench:
    """What all arms share; what is None is opened as the agent does it."""

    model: ModelHandle
    settings: Settings
    profile: Profile | None = None
    sandbox: Sandbox | None = None
    embedder: Embedder | None = None


@dataclass(frozen=True)
class Workplace:
    """An agent that is open, and the library it works with."""

    agent: Agent
    model: ModelHandle
    library: StudiedLibrary
    suite: Suite
    journal: Journal
    sandbox: Sandbox | None = None

    def try_out(self, arm: Arm, seed: int, sample: Sample) -> Record:
        """Put one sample to the agent. Whatever goes wrong ends in the record."""
        key = Key(arm.name, seed, sample.id)
        thread = "/".join(map(str, key))
        began = time.monotonic()
        result: Result | None = None
        status: Status = "error"
        score: float | None = None
        shown: tuple[str, ...] = ()
        try:
            with on_trial(Trial(sample=sample, offer=arm.offer, seed=seed)):
                result = self._solved(arm, seed, sample, thread)
            status = status_of(result)
            judged = self.suite.score(sample, result)
            score, note = (judged.value, judged.note) if status == "scored" else (0.0, "")
            note = note or (result.answer if status != "scored" else "")
            if arm.learn == "trajectories" and result.outcome == "solved":
                self.library.add(trajectory(result), state="active", author="eval")
            if arm.grows and self.suite.after is not None:
                shown = self.suite.after(Seen(self.agent, arm, sample, result, judged))
        except Exception as error:  # noqa: BLE001 - a sample that crashes is counted, not dropped
            status, score, note = "error", None, f"{type(error).__name__}: {error}"
        run = result.run if result is not None else self._run_of(thread)
        trace = trace_file(self.agent.settings.state_dir, run)
        return Record(
            **key._asdict(),
            family=sample.family,
            level=sample.level,
            status=status,
            score=score,
            note=note,
            request=sample.request,
            expected=sample.expected,
            seconds=round(time.monotonic() - began, 3),
            trace=self.journal.keep_trace(key, trace) if run else "",
        ).model_copy(update=_told(result, shown) if result is not None else {})

    def _solved(self, arm: Arm, seed: int, sample: Sample, thread: str) -> Result:
        if self.suite.solve is None:
            return self.agent.run(sample.request, thread=thread)
        run, settings = _run_name(thread), self.agent.settings
        with Trace(trace_file(settings.state_dir, run)) as trace:
            return self.suite.solve(
                Solving(
                    self.model, self.library, settings, arm, seed, sample, run, trace, self.sandbox
                )
            )

    def _run_of(self, thread: str) -> str:
        if self.suite.solve is not None:
            return _run_name(thread)
        return next((run.id for run in self.agent.runs(200) if run.thread == thread), "")


@contextmanager
def workplace(
    bench: Bench, suite: Suite, loaded: Loaded, journal: Journal, folder: Path, arm: Arm | None
) -> Iterator[Workplace]:
    """An agent with a library of its own; without an arm it serves all arms that do not grow."""
    grows = arm is not None and arm.grows
    pools = bench.settings.state_dir / "evals"
    root = folder / "library" if grows else pools / pool_name(loaded)

    @contextmanager
    def at_work(*, learn: bool, grows: bool) -> Iterator[Workplace]:
        update = {"state_dir": folder / "state", "library": root, "learn": learn}
        settings = bench.settings.model_copy(update=update)
        with ExitStack() as stack:
            library = stack.enter_context(opened(root, loaded, bench.embedder, grows=grows))
            agent = Agent(
                library, bench.model, settings, profile=bench.profile, sandbox=bench.sandbox
            )
            stack.enter_context(agent)
            yield Workplace(agent, bench.model, library, suite, journal, bench.sandbox)

    if arm is not None and arm.learn == "train":
        from skillweave.evals.study import study

        with at_work(learn=True, grows=True) as student:
            journal.write(f"study-{folder.name}.json", study(student, loaded.train))
        grows = False
    with at_work(learn=arm is not None and arm.learn == "skills", grows=grows) as place:
        yield place


@contextmanager
def opened(
    root: Path, loaded: Loaded, embedder: Embedder | None, *, grows: bool
) -> Iterator[StudiedLibrary]:
    """A library of a suite's skills, or of the built-in ones. What is there already is not written again:
    indexing a thousand skills takes minutes, and a library that does not grow can serve many runs."""
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with (root / ".stocking").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for skill in loaded.skills:
                home = root / "skills" / skill.skill.name
                if not home.is_dir():
                    skill.write(home)
            builtin = loaded.beside or not loaded.skills
            library = StudiedLibrary(root, builtin=builtin, embedder=embedder, grows=grows)
            stack.enter_context(library)
        yield library


def pool_name(loaded: Loaded) -> str:
    """The same for the same skills; of none, ``builtin``."""
    told = sorted(f"{one.skill.name} {content_of(one)}" for one in loaded.skills)
    digest = hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
    return "-".join((["builtin"] if loaded.beside or not told else []) + ([digest] if told else []))


def content_of(one: WrappedSkill) -> str:
    """A hash of what a skill that is not yet in a library says of itself, and of its files."""
    digest = hashlib.sha256(one.skill.model_dump_json(exclude={"path"}).encode())
    for name, content in sorted(one.files.items()):
        digest.update(name.encode())
        digest.update(content if isinstance(content, bytes) else content.read_bytes())
    return digest.hexdigest()


def status_of(result: Result) -> Status:
    """How a run ended, for the count of what was no fair trial."""
    if result.outcome == "failed" and result.answer.startswith("Stopped: "):
        return "timeout" if "(max_seconds" in result.answer else "budget"
    if result.outcome == "failed" and "the answer was cut off" in result.answer:
        return "garbage"
    unread = result.plan is None and result.answer.startswith(f"{BEYOND} (")
    if result.outcome == "declined" and unread:
        return "garbage"
    return "scored"


def trajectory(result: Result) -> WrappedSkill:
    """A run as an experience: what was asked and done, word for word, with nothing distilled."""
    name = f"trajectory-{hashlib.sha256(result.task.encode()).hexdigest()[:12]}"
    task = " ".join(result.task.split())
    skill = Skill(
        name=name, description=f"How this was done: {task[:900]}", kind="experience",
        body=body_of(result),
    )  # fmt: skip
    return WrappedSkill(skill=skill, files={}, source=Path(name))


def _told(result: Result, shown: Sequence[str]) -> dict[str, object]:
    """The fields of a record that come from a result, and from what a person did after it."""
    tried = [attempt.skill for step in result.steps for attempt in step.attempts]
    return {
        "outcome": result.outcome,
        "value": result.value,
        "answer": result.answer,
        "skills": tuple(dict.fromkeys(map(_plain, result.skills))),
        "tried": tuple(dict.fromkeys(_plain(name) for name in tried if name != MODEL)),
        "new_skills": (*map(_plain, result.new_skills), *shown),
        "steps": sum(step.ok for step in result.steps),
        "replans": result.replans,
        "tokens": result.tokens,
    }


def _run_name(thread: str) -> str:
    return hashlib.sha256(thread.encode()).hexdigest()[:16]


def _plain(skill: str) -> str:
    return skill.partition("@")[0]
