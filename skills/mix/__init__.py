"""Mix expressions: ``formal-tone:0.7+medical:0.3``, ``arrow(math,code,law;top=2)``.

The name of a model in a request may be such an expression. This package reads, checks and names
them; it knows nothing of weights and imports no torch.
"""

from __future__ import annotations

from skillweave.skills.mix.model import MAX_TERMS, MAX_WEIGHT, Mix, Term
from skillweave.skills.mix.parser import parse_mix

__all__ = ["MAX_TERMS", "MAX_WEIGHT", "Mix", "Term", "parse_mix"]
