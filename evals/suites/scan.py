"""SCAN's four hard splits: a planner and skills learned from the train split, by the agent's own graph.

The train split of each (https://arxiv.org/abs/1711.00350, https://arxiv.org/abs/1807.07545) teaches a
grammar (`scan_grammar`, which says what of it is written by hand). Its words and operators become tools
of the library, with cases from the train split; the grammar's reading of a command is the plan. The
agent then does what it always does: it finds a skill for each step by the words of its goal, runs it in
the sandbox and checks it. Without skills a small network (`scan_direct`), trained on the same commands,
answers directly. No command of a test split is seen before it is asked.

Written by hand, besides the space of grammars: that a command has a grammar of such rules at all, the
words of the skills' descriptions, and the goals (`scan_skills`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from skillweave.agent.handle import ModelHandle
from skillweave.agent.profiles.base import Planned, Profile, Prompt
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.result import Result
from skillweave.agent.scripted import ScriptedModel
from skillweave.evals.fetch import load_sources
from skillweave.evals.order import chosen
from skillweave.evals.sources import hashed, need
from skillweave.evals.studied import trial_at_work
from skillweave.evals.suite import Arm, Loaded, Opening, Sample, Score, Suite
from skillweave.evals.suites.scan_direct import Direct, trained
from skillweave.evals.suites.scan_grammar import Actions, Grammar, Phrase, induce
from skillweave.evals.suites.scan_skills import plan_of, skills_of, titles_of
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import ServerError, UserError

ORIGIN = "brendenlake/SCAN as scan"
SPLITS: Mapping[str, str] = {
    "length": "length_split/tasks_{}_length.txt",
    "jump": "add_prim_split/tasks_{}_addprim_jump.txt",
    "turn left": "add_prim_split/tasks_{}_addprim_turn_left.txt",
    "around right": "template_split/tasks_{}_template_around_right.txt",
}
SEED = 0
EACH = 100
"""Commands of each test split that the agent is asked, chosen by the hash of their place in the file:
all of them would take it a day. ``skillweave eval scan`` runs all on the same plans and skills."""
Commands = Mapping[Phrase, Actions]


@dataclass(frozen=True)
class Learned:
    """What one train split taught."""

    train: Commands
    grammar: Grammar
    skills: Mapping[str, WrappedSkill]
    """By title."""


def load(data: Path | None, hashes: Mapping[str, str] | None = None) -> Loaded:
    """Learn from the train splits, which takes a quarter of a minute, and read the test splits.

    Args:
        hashes: what the files must be; those of the commit when None.
    """
    folder = need(data, "scan", ORIGIN)
    names = [file.format(part) for file in SPLITS.values() for part in ("train", "test")]
    known = load_sources()["scan"].files if hashes is None else hashes
    files = hashed({name: folder / name for name in names}, known)
    learned = {split: learn(folder / file.format("train"), split) for split, file in SPLITS.items()}
    samples: list[Sample] = []
    for split, file in SPLITS.items():
        commands = read_commands(folder / file.format("test"))
        samples += [
            _sample(split, number, phrase, actions, learned)
            for number, (phrase, actions) in enumerate(commands.items(), 1)
        ]
    skills = [skill for one in learned.values() for skill in one.skills.values()]
    return Loaded(samples=chosen(samples, EACH * len(SPLITS)), files=files, skills=skills)


@cache
def learn(train: Path, split: str) -> Learned:
    """What a file of commands teaches."""
    commands = read_commands(train)
    grammar = induce(commands)
    return Learned(commands, grammar, skills_of(grammar, commands, split))


def read_commands(path: Path) -> dict[Phrase, Actions]:
    """Commands and their actions, each once."""
    return dict(read_lines(path))


def read_lines(path: Path) -> list[tuple[Phrase, Actions]]:
    """Commands and their actions, as often as the file has them.

    Raises:
        UserError: a line is something else.
    """
    found: list[tuple[Phrase, Actions]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        asked, mark, told = line.partition(" OUT:")
        if not mark or not asked.startswith("IN: "):
            raise UserError(f"{path}:{number}: no line of the form 'IN: ... OUT: ...'")
        found.append((tuple(asked.removeprefix("IN: ").split()), tuple(told.split())))
    return found


def score(sample: Sample, result: Result) -> Score:
    """1 when every action is right."""
    value = result.answer.split() if result.outcome == "answered" else result.value
    right = value == sample.expected and result.outcome in ("answered", "solved")
    return Score(value=float(right), note="" if right else f"{result.outcome}: {value!r}"[:300])


def opens(opening: Opening) -> tuple[ModelHandle, Profile]:
    """The learned planner in the place of a chat model; without skills the network answers."""
    folder = need(opening.data, "scan", ORIGIN)
    networks: dict[str, Direct] = {}
    for split, file in SPLITS.items() if "none" in opening.arms else ():
        opening.tell(f"a network without skills learns from the {split} split (minutes)")
        lines = read_lines(folder / file.format("train"))
        networks[split], share = trained(lines, SEED, opening.settings.state_dir / "evals")
        opening.tell(f"that network is right on {share:.0%} of what was held back of {split}")

    def answer(prompt: Prompt, _: str | None) -> str:
        trial, asked = trial_at_work(), prompt.messages[-1].content
        if trial is None:
            raise ServerError("the learned planner answers samples only")
        split = trial.sample.family
        one = learn(folder / SPLITS[split].format("train"), split)
        phrase = tuple(trial.sample.request.split())
        if trial.offer == "none":
            said = " ".join(networks[split].actions([phrase])[0])
            return Planned(say=said or "nothing").model_dump_json()
        tree = one.grammar.parse(phrase)
        if tree is None or not asked.startswith("plan: "):
            return Planned(beyond=True).model_dump_json()
        return Planned(plan=plan_of(tree)).model_dump_json()

    return ScriptedModel(answer, name="scan-grammar"), ScriptedProfile()


def _sample(
    split: str, number: int, phrase: Phrase, actions: Actions, learned: Mapping[str, Learned]
) -> Sample:
    tree = learned[split].grammar.parse(phrase)
    titles = titles_of(tree) if tree is not None else set()
    same = [one.skills[t].skill.name for one in learned.values() for t in titles if t in one.skills]
    return Sample(
        id=f"{split.replace(' ', '-')}-{number:05}",
        request=" ".join(phrase),
        family=split,
        level=len(plan_of(tree).steps) if tree is not None else 1,
        expected=list(actions),
        given=tuple(one.skill.name for one in learned[split].skills.values()),
        right=tuple(sorted(same)),
    )


ARMS = (
    Arm(name="library", about="the skills learned from the sample's train split", offer="given"),
    Arm(name="random", about="every skill found is replaced by a random one", offer="random"),
    Arm(name="wrong", about="the skills that the command needs are withheld", offer="wrong"),
    # Last, because its network takes minutes to train, which a smoke run has not.
    Arm(name="none", about="a small network answers, trained on the same commands", offer="none"),
)

SCAN = Suite(
    name="scan",
    about="compositional commands: the length, jump, turn left and around right splits of SCAN",
    arms=ARMS,
    load=load,
    score=score,
    opens=opens,
)
