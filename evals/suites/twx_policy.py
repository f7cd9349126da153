"""A policy at play: nano with what the library offers for the task, or with nothing.

For a game the library is searched with the task's own words, and the adapter found answers every
question; what the policy asks for (``ask calculate: 36 / 6``) is again a search of the library, and the
tool found is run in the sandbox. No skill is named here.

With the list of valid actions, nano chooses among them: its answer is held to one of them (or to a
question), and an action that was chosen before in the very same state is not offered again. Without the
list it writes what it will, and the tracker sees only what the game says: to see the room and the pockets
again it looks, and every look costs a step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce_arguments
from skillweave.agent.deps import tool_source
from skillweave.agent.profiles.base import Message, Prompt, Structure
from skillweave.agent.profiles.grammar import quoted
from skillweave.evals.suite import Solving
from skillweave.evals.suites.twx_experts import HERE, USED, in_sight
from skillweave.evals.suites.twx_games import Play
from skillweave.evals.suites.twx_state import (
    Letters,
    State,
    after,
    looked,
    prompt_of,
    read_inventory,
    read_scene,
    started,
    tells,
)
from skillweave.skills.errors import UserError
from skillweave.skills.model import Skill, SkillKind

LONGEST = 40
"""Pieces of an answer."""
ASK = "ask "


@dataclass
class Mind:
    """nano, the adapter that was found for a task, and the tools that its questions find."""

    trial: Solving
    adapter: str | None = None
    skills: list[str] = field(default_factory=list)
    tokens: int = 0
    _found: dict[str, Skill | None] = field(default_factory=dict)

    async def prepare(self, task: str) -> None:
        """Find the adapter for a task."""
        skill = self._search(task, "adapter")
        if skill is not None:
            self.adapter = await self.trial.model.load_adapter(skill)

    async def say(self, text: str, choices: Sequence[str]) -> str:
        """The answer to a prompt, one of the choices where there are any."""
        messages = (Message(role="system", content="do"), Message(role="user", content=" " + text))
        structure = Structure(grammar=self._grammar(choices)) if choices else None
        prompt = Prompt(messages=messages, structure=structure, max_tokens=LONGEST)
        answer = await self.trial.model.ask(prompt, self.adapter)
        self.trial.trace.asked(prompt, answer)
        self.tokens += answer.tokens
        return answer.text.strip()

    async def ask(self, goal: str, given: Sequence[str]) -> tuple[str, ...]:
        """What the tool gives that the library has for a goal; nothing where it has none, or it fails."""
        skill = self._search(goal, "tool")
        if skill is None or skill.signature is None or self.trial.sandbox is None:
            return ()
        names = [parameter.name for parameter in skill.signature.parameters]
        try:
            arguments = coerce_arguments(dict(zip(names, given, strict=False)), skill.signature)
        except CoercionError:
            return ()
        run, source = self.trial.sandbox.run, tool_source(skill)
        outcome = await asyncio.to_thread(run, source, skill.signature.function, arguments)
        return as_told(outcome.value) if outcome.ok else ()

    def _search(self, query: str, kind: SkillKind) -> Skill | None:
        if query not in self._found:
            hits = self.trial.library.search(query, kinds={kind}, k=1)
            self._found[query] = hits[0].skill if hits else None
            self.skills += [hit.skill.versioned_name for hit in hits]
        return self._found[query]

    def _grammar(self, choices: Sequence[str]) -> str:
        """One of the choices; a question too, where there is something to be asked."""
        options = [quoted(f" {choice}") for choice in choices if not choice.startswith(ASK)]
        if ASK not in choices:
            return f"root ::= {' | '.join(options)}"
        options.append(f"{quoted(f' {ASK}')} rest")
        return f"root ::= {' | '.join(options)}\nrest ::= [^<>\\n]+"


def as_told(value: JsonValue) -> tuple[str, ...]:
    """A tool's value as the state holds it."""
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def asked(answer: str, state: State, letters: Letters) -> tuple[str, tuple[str, ...]]:
    """The goal of a question and what is given: names and texts in the place of letters, all things
    in sight in the place of ``here``, all places tried in that of ``used``.

    >>> asked("ask add: 1; 2", State(), Letters({}, "A"))
    ('add', ('1', '2'))
    """
    goal, _, given = answer.removeprefix(ASK).partition(":")
    parts = [letters.unmask(part.strip(), state.note) for part in given.split("; ")]
    words = {HERE: ", ".join(in_sight(state)), USED: ", ".join(state.used)}
    return goal.strip(), tuple(words.get(part, part) for part in parts)


async def play_out(play: Play, mind: Mind, *, listed: bool) -> None:
    """Play until the game, its steps, or new ideas are at an end: in a state met before, the same
    prompt would bring the same answer for ever.

    Raises:
        UserError: there is no sandbox for the tools.
    """
    if mind.trial.sandbox is None:
        raise UserError("the games need a sandbox for their tools")
    state = started(play.task, play.seen)
    if not listed:
        state = _started_blind(play, state)
    await mind.prepare(play.task)
    may_ask = mind.trial.arm.offer != "none"
    tried: dict[State, set[str]] = {}
    met: set[str] = set()
    while not play.over:
        letters = Letters.of(state)
        prompt = prompt_of(state, letters)
        # Simon may say the same thing twice, and then it is to be done twice.
        situation = replace(state, last="", moves=0 if state.scene is not None else state.moves)
        known = tried.setdefault(situation, set())
        choices: list[str] = []
        if listed:
            choices = [letters.mask(action) for action in play.seen.valid if action not in known]
            if not choices:
                return
            if may_ask and ASK not in known:
                choices.append(ASK)
        elif prompt in met:
            return
        met.add(prompt)
        answer = await mind.say(prompt, choices)
        if answer.startswith(ASK) and may_ask:
            known.add(ASK)
            state = replace(state, told=await mind.ask(*asked(answer, state, letters)))
            mind.trial.trace.write("asked", prompt=prompt, answer=answer, told=list(state.told))
            continue
        action = letters.unmask(answer)
        known.add(action)
        seen = play.step(action)
        mind.trial.trace.write(
            "played", prompt=prompt, answer=answer, action=action, text=seen.text, best=play.best
        )
        state = after(state, action, seen.text)
        state = looked(state, seen.look, seen.inventory) if listed else _looked_blind(play, state)


def _started_blind(play: Play, state: State) -> State:
    """Without the environment's fields: the first text shows the room, a step shows the pockets."""
    if state.scene is None:
        return state
    return replace(state, have=read_inventory(play.step("inventory").text))


def _looked_blind(play: Play, state: State) -> State:
    """A new room describes itself; what changed in a room is seen by looking."""
    text = play.seen.text
    if state.scene is None or play.over:
        return state
    if text.startswith("You are in"):
        scene = read_scene(text)
        told = state.told if scene.place == state.scene.place else ()
        return replace(state, scene=scene, told=told)
    if tells(text) or not text.startswith("You "):
        return state
    look = play.step("look around").text
    pockets = play.step("inventory").text if not play.over else ""
    return looked(state, look, pockets) if pockets else state
