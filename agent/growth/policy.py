"""Who must agree before a candidate that passed the gate is used: the policies of `skillweave review`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, get_args

from pydantic import ValidationError

from skillweave.agent.growth.verdict import Verdict
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen, SkillKind

Policy = Literal["auto", "known", "ask"]
"""``auto``: in, without a person. ``known``: only what is put together from tools in use.
``ask``: a person agrees to every one."""
COMPOSED = frozenset({"compile", "mine", "search"})
"""Ways of growth whose code is nothing but calls of tools that are in use already."""


class Policies(Frozen):
    """One policy for each kind of skill."""

    tool: Policy = "known"
    adapter: Policy = "auto"
    experience: Policy = "auto"
    guide: Policy = "ask"

    @classmethod
    def load(cls, file: Path) -> Policies:
        """The policies that were set; the defaults where none were.

        Raises:
            UserError: the file says something else.
        """
        try:
            return cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            raise UserError(
                f"{file}: cannot be read as policies; delete it to start anew"
            ) from error

    def changed(self, text: str) -> Policies:
        """With ``KIND=POLICY`` set.

        Raises:
            UserError: there is no such kind or policy.
        """
        kind, _, policy = text.partition("=")
        if kind not in type(self).model_fields or policy not in get_args(Policy):
            kinds, policies = ", ".join(type(self).model_fields), ", ".join(get_args(Policy))
            raise UserError(f"{text!r} is no KIND=POLICY; kinds: {kinds}; policies: {policies}")
        return type(self).model_validate({**self.model_dump(), kind: policy})

    def save(self, file: Path) -> None:
        """Write them at once, never half."""
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(self.model_dump(), indent=2) + "\n")
        fresh.replace(file)

    def asks(self, kind: SkillKind, verdict: Verdict) -> str:
        """Why a person must agree; empty when none must."""
        policy: Policy = getattr(self, kind)
        if verdict.permissions:
            return f"it {', '.join(verdict.permissions)}"
        if policy == "ask":
            return f"every {kind} is asked for"
        if policy == "known" and verdict.author not in COMPOSED:
            return f"its code is new (by {verdict.author})"
        return ""
