"""Gates of mixes: functions from a token's hidden state to a weight for each adapter.

Importing this package imports no torch. A gate of one's own is one file; see `registry.gate`.
"""

from __future__ import annotations

from skillweave.skills.gates.arrow import arrow
from skillweave.skills.gates.constant import constant
from skillweave.skills.gates.prototypes import (
    kept_prototypes,
    load_prototypes,
    prototypes_of,
    save_prototypes,
)
from skillweave.skills.gates.registry import MAX_ADAPTERS, Gate, Option, find, gate, get, names

__all__ = [
    "MAX_ADAPTERS",
    "Gate",
    "Option",
    "arrow",
    "constant",
    "find",
    "gate",
    "get",
    "kept_prototypes",
    "load_prototypes",
    "names",
    "prototypes_of",
    "save_prototypes",
]
