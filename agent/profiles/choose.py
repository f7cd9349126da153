"""The profile that goes with a model."""

from __future__ import annotations

from skillweave.agent.handle import ModelHandle
from skillweave.agent.profiles.base import Profile


def profile_for(model: ModelHandle) -> Profile:
    """Prompts and readers for the family of the model."""
    if model.profile_name == "chat":
        from skillweave.agent.profiles.chat import ChatProfile

        return ChatProfile()
    from skillweave.agent.profiles.nano import NanoProfile

    return NanoProfile()
