"""The adapters of a library as its server sees them: names in, exact versions out, from files alone."""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path

from skillweave.agent.serving.plugin import LIBRARY_VARIABLE
from skillweave.skills.builtin import builtin_root
from skillweave.skills.errors import (
    AdapterError,
    SettingsError,
    SkillNotFoundError,
    SkillweaveError,
)
from skillweave.skills.folder import read_skill
from skillweave.skills.mix import Mix, Term, parse_mix
from skillweave.skills.model import Skill
from skillweave.skills.names import is_name
from skillweave.store.folders import stamp_of
from skillweave.store.layout import Layout

SCHEME = "skillweave:"
"""What the path of a request for a mix begins with; the canonical expression follows."""
DIGITS = 12
"""Of a digest, in names: as `Skill.versioned_name` has it."""


class AdapterLibrary:
    """Finds adapters by name and version. Folders that did not change are not read again.

    May be used from several threads.
    """

    def __init__(self, root: Path, *, builtin: bool = True) -> None:
        """``builtin`` adds the adapters that come with skillweave; the library's own go before them."""
        self.root = root
        self.prototypes = Layout(root).records / "prototypes"
        """Where derived prototypes of adapters are kept."""
        self._layout = Layout(root)
        self._roots = [self._layout.skills, *([builtin_root()] if builtin else [])]
        self._read: dict[Path, tuple[str, Skill]] = {}
        self._lock = threading.Lock()

    def resolve(self, text: str, base_hash: str = "") -> Mix:
        """The mix that ``text`` names, in canonical form and with the version of every adapter.

        Raises:
            MixError: it is no mix expression.
            SkillNotFoundError: there is no such skill or version.
            UserError: a skill is no adapter, damaged, or for another base model than ``base_hash``.
        """
        mix = parse_mix(text)
        versions = {}
        for term in mix.terms:
            skill = self.adapter(term)
            _check_base(skill, base_hash)
            versions[term.reference] = skill.digest[:DIGITS]
        return mix.resolved(versions).canonical()

    def skills(self, mix: Mix) -> list[Skill]:
        """The adapters of a mix, in the order of its terms; for errors see `resolve`."""
        return [self.adapter(term) for term in mix.terms]

    def adapter(self, term: Term) -> Skill:
        """The adapter that a term names; for errors see `resolve`."""
        with self._lock:
            skill = self._find(term.name, term.version or "")
        if skill.adapter is None:
            raise AdapterError(f"{term.name} is a skill of the kind {skill.kind}, not an adapter")
        return skill

    def adapters(self, base_hash: str = "") -> list[Skill]:
        """The current version of every adapter that a request can have on this base model, by name."""
        names = {folder.parent.name for root in self._roots for folder in root.glob("*/adapter")}
        found = []
        for name in sorted(filter(is_name, names)):
            try:
                skill = self.adapter(Term(name=name))
                _check_base(skill, base_hash)
            except SkillweaveError:
                continue
            found.append(skill)
        return found

    def _find(self, name: str, version: str) -> Skill:
        """The current version when it fits, else one that was kept. ``name`` is a checked name."""
        damaged: SkillweaveError | None = None
        kept = self._layout.versions.glob(f"{version}*/{name}") if version else ()
        for folder in (*(root / name for root in self._roots), *kept):
            try:
                skill = self._skill(folder)
            except SkillweaveError as error:
                damaged = error
                continue
            if skill is not None and skill.digest.startswith(version):
                return skill
        if damaged is not None:
            raise damaged
        reference = f"{name}@{version}" if version else name
        raise SkillNotFoundError(f"no skill {reference!r} in the library {self.root}")

    def _skill(self, folder: Path) -> Skill | None:
        stamp = stamp_of(folder) if (folder / "SKILL.md").is_file() else ""
        if not stamp:
            return None
        known = self._read.get(folder)
        if known is None or known[0] != stamp:
            known = self._read[folder] = (stamp, read_skill(folder))
        return known[1] if known[1].name == folder.name else None


@cache
def library_at(root: Path) -> AdapterLibrary:
    """The one view of a library in this process."""
    return AdapterLibrary(root)


def folder_of(skill: Skill) -> Path:
    """The adapter's own folder, which holds PEFT's two files."""
    if skill.path is None:
        raise AdapterError(f"{skill.name} lies in no folder; read it from the library")
    return skill.path / "adapter"


def served_library() -> AdapterLibrary:
    """The library that this process serves."""
    root = os.environ.get(LIBRARY_VARIABLE, "")
    if not root:
        raise SettingsError(f"{LIBRARY_VARIABLE} does not name the library to serve")
    return library_at(Path(root).expanduser().absolute())


def _check_base(skill: Skill, base_hash: str) -> None:
    """An adapter that does not say what it was trained for is checked by its shapes, when loaded."""
    base = skill.adapter.base if skill.adapter is not None else ""
    if base and base_hash and base != base_hash:
        raise AdapterError(
            f"{skill.versioned_name} was trained for the base model {base[:DIGITS]},"
            f" but this server serves {base_hash[:DIGITS]}"
        )
