"""Skills: what one is, its folder, its signature, and whatever can be dropped in as one.

Knows nothing of libraries, models being served or the agent.
"""

from __future__ import annotations

from skillweave.skills.adapter import read_adapter
from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.errors import (
    AdapterError,
    BudgetError,
    LibraryDamagedError,
    MixError,
    ModelError,
    PlanError,
    SandboxUnavailableError,
    ServerError,
    SettingsError,
    SkillFormatError,
    SkillNotFoundError,
    SkillweaveError,
    UserError,
)
from skillweave.skills.folder import content_hash, read_skill, write_skill
from skillweave.skills.mix import Mix, parse_mix
from skillweave.skills.model import (
    AdapterInfo,
    Case,
    Parameter,
    Signature,
    Skill,
    SkillKind,
    SkillState,
)
from skillweave.skills.signature import public_functions, signature_of

__all__ = [
    "AdapterError",
    "AdapterInfo",
    "BudgetError",
    "Case",
    "LibraryDamagedError",
    "Mix",
    "MixError",
    "ModelError",
    "Parameter",
    "PlanError",
    "SandboxUnavailableError",
    "ServerError",
    "SettingsError",
    "Signature",
    "Skill",
    "SkillFormatError",
    "SkillKind",
    "SkillNotFoundError",
    "SkillState",
    "SkillweaveError",
    "UserError",
    "WrappedSkill",
    "content_hash",
    "parse_mix",
    "public_functions",
    "read_adapter",
    "read_skill",
    "signature_of",
    "wrap",
    "write_skill",
]
