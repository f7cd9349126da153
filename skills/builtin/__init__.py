"""The skills that come with skillweave: one folder each, read as any other skill."""

from __future__ import annotations

from pathlib import Path

__all__ = ["builtin_root"]


def builtin_root() -> Path:
    """The folder that holds the built-in skills."""
    return Path(__file__).resolve().parent
