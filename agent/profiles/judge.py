"""The seam to a model that can judge a value: profiles of large models have it, nano has not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

from skillweave.agent.plan import Step
from skillweave.agent.profiles.base import Prompt
from skillweave.skills.model import Frozen


class Judgement(Frozen):
    """A model's opinion on a value."""

    ok: bool
    why: str = ""


@runtime_checkable
class Judge(Protocol):
    """A profile that can ask whether a value does what the step wanted."""

    def judge(self, step: Step, values: Sequence[JsonValue], value: JsonValue) -> Prompt: ...

    def read_judgement(self, text: str) -> Judgement: ...
