"""The catalogue: which skills are indexed, in which version, from which folder. Derived from the folders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from skillweave.skills.model import KINDS, Skill, SkillKind
from skillweave.store.database import Derived, batched, roll_back
from skillweave.store.lexical import SCHEMA, LexicalIndex
from skillweave.store.views import MAX_OWN, ViewLabel

Origin = Literal["builtin", "library"]
Fact = Literal["generation", "dirty", "format", "followed"]
"""Changes so far; a writer was killed; how the indexes are made; the last event taken into account."""

MIGRATIONS = (
    f"""
    CREATE TABLE skills (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        origin TEXT NOT NULL,
        folder TEXT NOT NULL,
        stamp TEXT NOT NULL,
        digest TEXT NOT NULL,
        kind TEXT NOT NULL,
        visible INTEGER NOT NULL,
        avoid BLOB,
        skill TEXT NOT NULL
    );;
    CREATE INDEX skills_kind ON skills (kind, visible);;
    CREATE TABLE views (
        skill INTEGER NOT NULL, ordinal INTEGER NOT NULL, label TEXT NOT NULL,
        text TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (skill, ordinal)
    ) WITHOUT ROWID;;
    CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;;
    {SCHEMA}
    """,
)


class ViewKey(NamedTuple):
    """One view of an indexed skill, and the key under which its vector is remembered."""

    label: ViewLabel
    text: str
    key: bytes


class Row(NamedTuple):
    """One indexed skill, without its texts."""

    id: int
    name: str
    origin: Origin
    folder: str
    stamp: str
    """Sizes and times of the files when they were read; unchanged means: need not be read again."""
    digest: str
    kind: SkillKind
    visible: bool
    avoid: bytes | None

    @property
    def versioned_name(self) -> str:
        """``name@digest``, as `Skill.versioned_name`."""
        return f"{self.name}@{self.digest[:12]}"


class Catalogue:
    """Skills, views and words in one SQLite file, so that they change in one transaction."""

    def __init__(self, path: Path):
        """Open or create the file; a damaged one is deleted, with a warning."""
        self._database = Derived(path, MIGRATIONS)
        self._lock = self._database.lock
        self._lexical = LexicalIndex(self._database)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside happen together, or not at all; the generation goes up by one."""
        with self._lock:
            self._database.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.connection.execute(
                    "INSERT INTO facts VALUES ('generation', 1)"
                    " ON CONFLICT (name) DO UPDATE SET value = value + 1"
                )
                self._database.connection.execute("COMMIT")
            except BaseException:
                roll_back(self._database.connection)
                raise

    def generation(self) -> int:
        """Number of changes so far; another process's changes count too."""
        if not self._database.current():
            self.mend()
        return self.fact("generation")

    def fact(self, name: Fact) -> int:
        """A number that is kept beside the skills; 0 at first."""
        found = self._one("SELECT value FROM facts WHERE name = ?", name)
        return int(found[0]) if found else 0

    def note(self, name: Fact, value: int) -> None:
        """Keep a number."""
        self._all("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Mark the catalogue dirty while it and the vectors are written; a kill leaves the mark."""
        self.note("dirty", 1)
        yield
        self.note("dirty", 0)

    def mend(self) -> None:
        """Start an empty file when this one is damaged."""
        self._database.mend()
        self._lexical.forget()

    def clear(self, made: int) -> None:
        """Forget all skills, and note how the next ones are indexed."""
        with self.transaction():
            self.note("format", made)
            self.note("followed", 0)
            for table in ("skills", "views", "words"):
                self._database.connection.execute(f"DELETE FROM {table}")

    def kinds(self) -> tuple[SkillKind, ...]:
        """The kinds of which there is a visible skill."""
        there = {kind for (kind,) in self._all(_KINDS)}
        return tuple(kind for kind in KINDS if kind in there)

    def view_counts(self) -> dict[SkillKind, int]:
        """Number of views that searches should see, by kind."""
        return dict(
            self._all(
                "SELECT kind, count(*) FROM views JOIN skills ON skills.id = views.skill"
                " WHERE visible GROUP BY kind"
            )
        )

    def put(
        self,
        skill: Skill,
        origin: Origin,
        stamp: str,
        visible: bool,
        views: Sequence[ViewKey],
        avoid: bytes | None,
    ) -> None:
        """Enter ``skill``, replacing an earlier version; to be called inside a `transaction`."""
        values = (
            origin, str(skill.path or ""), stamp, skill.digest, skill.kind, visible, avoid,
            skill.model_dump_json(exclude_defaults=True), skill.name,
        )  # fmt: skip
        row = self.row(skill.name)
        if row is None:
            cursor = self._database.connection.execute(
                "INSERT INTO skills (origin, folder, stamp, digest, kind, visible, avoid, skill,"
                " name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            number = cursor.lastrowid or 0
        else:
            number = row.id
            self._database.connection.execute(
                "UPDATE skills SET origin = ?, folder = ?, stamp = ?, digest = ?, kind = ?,"
                " visible = ?, avoid = ?, skill = ? WHERE name = ?",
                values,
            )
        self._database.connection.execute("DELETE FROM views WHERE skill = ?", (number,))
        self._database.connection.executemany(
            "INSERT INTO views VALUES (?, ?, ?, ?, ?)",
            [(number, at, *view) for at, view in enumerate(views)],
        )
        self._lexical.put(number, skill)

    def add_views(self, number: int, start: int, views: Sequence[ViewKey]) -> None:
        """Give a skill more views, from the ordinal ``start`` on; inside a `transaction`."""
        self._database.connection.executemany(
            "INSERT INTO views VALUES (?, ?, ?, ?, ?)",
            [(number, start + at, *view) for at, view in enumerate(views)],
        )

    def touch(self, name: str, stamp: str) -> None:
        """Note new file times of an unchanged skill."""
        self._database.connection.execute(
            "UPDATE skills SET stamp = ? WHERE name = ?", (stamp, name)
        )

    def show(self, name: str, visible: bool) -> None:
        """Let searches see the skill, or not; inside a `transaction`."""
        self._database.connection.execute(
            "UPDATE skills SET visible = ? WHERE name = ?", (visible, name)
        )

    def drop(self, name: str) -> None:
        """Forget a skill; inside a `transaction`."""
        row = self.row(name)
        if row is not None:
            self._lexical.drop(row.id)
            self._database.connection.execute("DELETE FROM views WHERE skill = ?", (row.id,))
            self._database.connection.execute("DELETE FROM skills WHERE id = ?", (row.id,))

    def row(self, name: str) -> Row | None:
        """The row of ``name``."""
        found = self._one(f"{_SELECT} WHERE name = ?", name)
        return _row(found) if found else None

    def rows(self) -> list[Row]:
        """All rows, by name."""
        return [_row(values) for values in self._all(f"{_SELECT} ORDER BY name")]

    def count(self) -> int:
        """Number of skills, visible or not."""
        return int(self._all("SELECT count(*) FROM skills")[0][0])

    def stamps(self) -> dict[str, str]:
        """Stamp of every skill, by folder."""
        return dict(self._all("SELECT folder, stamp FROM skills"))

    def rows_of(self, ids: Collection[int]) -> dict[int, Row]:
        """The rows of these ids that exist and are visible."""
        rows: dict[int, Row] = {}
        for part in batched(ids, 500):
            marks = ",".join("?" * len(part))
            found = self._all(f"{_SELECT} WHERE visible AND id IN ({marks})", *part)
            rows.update((row.id, row) for row in map(_row, found))
        return rows

    def views_of(self, ids: Collection[int]) -> dict[int, list[ViewKey]]:
        """The views of each of ``ids``, in order."""
        views: dict[int, list[ViewKey]] = {}
        for part in batched(ids, 500):
            marks = ",".join("?" * len(part))
            sql = f"SELECT * FROM views WHERE skill IN ({marks}) ORDER BY skill, ordinal"
            for number, _, label, text, key in self._all(sql, *part):
                views.setdefault(number, []).append(ViewKey(label, text, key))
        return views

    def own_views(self, ids: Collection[int]) -> dict[int, list[tuple[ViewLabel, bytes]]]:
        """Label and key of the views of each of ``ids`` but its experiences, in order."""
        views: dict[int, list[tuple[ViewLabel, bytes]]] = {}
        for part in batched(ids, 500):
            marks = ",".join("?" * len(part))
            sql = (
                f"SELECT skill, label, key FROM views WHERE skill IN ({marks})"
                " AND ordinal < ? AND label != 'experience' ORDER BY skill, ordinal"
            )
            for number, label, key in self._all(sql, *part, MAX_OWN):
                views.setdefault(number, []).append((label, key))
        return views

    def shown_view(self, number: int, ordinal: int) -> tuple[str, str]:
        """Label and text of one view; empty when there is none."""
        sql = "SELECT label, text FROM views WHERE skill = ? AND ordinal = ?"
        found = self._one(sql, number, ordinal)
        return (found[0], found[1]) if found else ("", "")

    def skills(self, names: Iterable[str]) -> dict[str, Skill]:
        """The skills themselves."""
        found: dict[str, Skill] = {}
        for part in batched(names, 500):
            marks = ",".join("?" * len(part))
            rows = self._all(f"SELECT name, skill FROM skills WHERE name IN ({marks})", *part)
            found.update((name, Skill.model_validate_json(text)) for name, text in rows)
        return found

    def words(self, query: str, kinds: Collection[SkillKind], limit: int) -> dict[int, float]:
        """See `LexicalIndex.search`."""
        with self._lock:
            return self._lexical.search(query, kinds or KINDS, limit, self.fact("generation"))

    def close(self) -> None:
        """Close the file; the catalogue must not be used after."""
        self._database.close()

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        found = self._all(sql, *values)
        return found[0] if found else None

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self._database.rows(sql, *values)


_KINDS = " UNION ALL ".join(
    f"SELECT '{kind}' WHERE EXISTS (SELECT 1 FROM skills WHERE kind = '{kind}' AND visible)"
    for kind in KINDS
)
_SELECT = "SELECT id, name, origin, folder, stamp, digest, kind, visible, avoid FROM skills"


def _row(values: tuple[Any, ...]) -> Row:
    return Row(*values)._replace(visible=bool(values[7]))
