"""What the chat model is asked when it writes a tool (CREATOR: create, decide, rectify; CRAFT: abstract)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import JsonValue

from skillweave.agent.profiles.base import Message, Prompt, Structure
from skillweave.skills.model import Case, Signature

WRITER = """\
You write tools: one typed Python function each, which other programs call.
- One public function with a type for every parameter and for what it returns: str, int, float, bool, \
None, list[...], dict[str, ...], Literal[...]. Helpers begin with an underscore.
- A docstring: one sentence that says what it does, then "Args:" with a line for each parameter.
- Pure: the same arguments give the same value; no files, no network, no clock, no chance, no input, \
no print; arguments are not changed. Only modules of the standard library that compute.
- General: values that belong to one request are parameters, not constants.
Answer with the module in one ```python block and nothing else."""

CALLER = "You call tools. Answer with the arguments as one JSON object and nothing else."

TESTER = """\
You write checks for a tool that you know by its description only. Work each expected value out by hand.
Answer with JSON: {"cases": [{"arguments": {...}, "expected": ...}, ...]} and nothing else."""

CASES = 4
"""Checks that are asked for."""
_SHOWN = 1500
"""Characters of a value or an error that a prompt shows."""


def create(request: str, examples: Sequence[Case], attempts: Sequence[str]) -> Prompt:
    """Ask for a first draft."""
    parts = [f"Write a tool for this request:\n{request}"]
    if examples:
        names = ", ".join(examples[0].arguments)
        parts.append(f"Its parameters are exactly: {names}. What it must give:")
        parts += [f"{_json(dict(case.arguments))} -> {_json(case.expected)}" for case in examples]
    if attempts:
        parts.append("What was tried and did not work:")
        parts += [f"- {attempt[:_SHOWN]}" for attempt in attempts]
    return _prompt(WRITER, "\n".join(parts), max_tokens=1536)


def rectify(asked: Prompt, source: str, fault: str) -> Prompt:
    """Ask again, with the last draft and what is wrong with it; earlier drafts are left out."""
    told = f"That does not work: {fault[:_SHOWN]}\nAnswer with the whole module, put right."
    last = (
        Message(role="assistant", content=f"```python\n{source}\n```"),
        Message(role="user", content=told),
    )
    return asked.model_copy(update={"messages": (*asked.messages[:2], *last)})


def decide(request: str, signature: Signature) -> Prompt:
    """Ask how the tool is called for the request."""
    user = f"Tool: {signature.text()}\n{signature.summary}\nRequest: {request}"
    return _prompt(CALLER, user, Structure(json_schema=signature.json_schema()), max_tokens=512)


def abstract(request: str, source: str) -> Prompt:
    """Ask for the general form of a draft that works."""
    user = (
        f"This tool answers one request: {request}\n```python\n{source}\n```\n"
        "Make it general, so that it answers all requests of this kind: what belongs to this request "
        "alone becomes a parameter, and names and docstring say what it does in general. "
        "If it is general already, give it back as it is."
    )
    return _prompt(WRITER, user, max_tokens=1536)


def check(signature: Signature) -> Prompt:
    """Ask for cases from the description alone: whoever writes them has not seen the code."""
    lines = [signature.text(), signature.summary]
    lines += [f"{p.name}: {p.description}" for p in signature.parameters if p.description]
    return _prompt(TESTER, "\n".join([*lines, f"Give {CASES} cases."]), max_tokens=1024)


def _prompt(
    system: str, user: str, structure: Structure | None = None, *, max_tokens: int
) -> Prompt:
    messages = (Message(role="system", content=system), Message(role="user", content=user))
    return Prompt(messages=messages, structure=structure, max_tokens=max_tokens)


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)[:_SHOWN]
