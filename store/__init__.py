"""The library of skills: files are the truth, ledger and indexes follow."""

from __future__ import annotations

from skillweave.store.embed import Embedder, HashEmbedder, MiniLMEmbedder
from skillweave.store.intake import Admitted, Notice
from skillweave.store.ledger import Counts, Event, Ledger
from skillweave.store.library import Library, Outcome, RebuildReport
from skillweave.store.ranking import Hit, Weights
from skillweave.store.reading import Entry
from skillweave.store.sync import Check, Problem, SyncReport
from skillweave.store.versions import Version
from skillweave.store.watch import Watcher

__all__ = [
    "Admitted",
    "Check",
    "Counts",
    "Embedder",
    "Entry",
    "Event",
    "HashEmbedder",
    "Hit",
    "Ledger",
    "Library",
    "MiniLMEmbedder",
    "Notice",
    "Outcome",
    "Problem",
    "RebuildReport",
    "SyncReport",
    "Version",
    "Watcher",
    "Weights",
]
