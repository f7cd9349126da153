"""The installed version."""

from __future__ import annotations

from importlib import metadata

NOT_INSTALLED = "not installed"


def version(distribution: str = "skillweave") -> str:
    """The version of an installed distribution, or ``not installed``."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
