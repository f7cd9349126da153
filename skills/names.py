"""Names of skills, as the Agent Skills specification wants them."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 64
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")

NAME_RULE = "use 1-64 characters of a-z, 0-9 and single hyphens between them"


def is_name(text: str) -> bool:
    """Whether the text may be the name of a skill."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def slug(text: str) -> str:
    """The text as a skill's name (``parseDate v2`` becomes ``parse-date-v2``); may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = _OTHER.sub("-", _CAMEL.sub("-", plain).lower()).strip("-")
    return words[:MAX_NAME].strip("-")
