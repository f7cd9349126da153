"""Other skills to fill a library with: real ones first, then near-misses of them without end.

A near-miss does the same for another place, trade or form. Deterministic: the first n are always the
same, so that their embeddings can be kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from skillweave.evals.retrieval_data import skill_name
from skillweave.skills.model import Skill

PLACES = (
    "Norway", "Kenya", "Chile", "Portugal", "Vietnam", "Canada", "Morocco", "Poland", "Peru", "Nepal",
    "Iceland", "Ghana", "Austria", "Malaysia", "Uruguay", "Latvia", "Jordan", "Mexico", "Fiji", "Belgium",
)  # fmt: skip
TRADES = (
    "farmers", "nurses", "teachers", "pilots", "tax advisers", "florists", "museum guides", "plumbers",
    "chess clubs", "film students", "beekeepers", "night porters", "translators", "sailing schools",
)  # fmt: skip
FORMS = (
    "as a spreadsheet", "as plain text", "by e-mail", "as a daily digest", "as a chart",
    "from local files only", "read aloud", "with sources",
)  # fmt: skip


def fillers(real: Sequence[Skill], count: int) -> list[Skill]:
    """``real`` skills, then near-misses of them; the first ``count``, all named differently."""
    return list(islice(_all(real), count))


def _all(real: Sequence[Skill]) -> Iterator[Skill]:
    yield from real
    taken = {skill.name for skill in real}
    variants = len(PLACES) * len(TRADES) * len(FORMS)
    for variant in range(variants):
        # 997 is prime to the number of variants: neighbours in the order differ in all three.
        at = variant * 997 % variants
        place = PLACES[at % len(PLACES)]
        trade = TRADES[at // len(PLACES) % len(TRADES)]
        form = FORMS[at // len(PLACES) // len(TRADES)]
        for skill in real:
            name = f"{skill.name[:30].strip('-')}-{skill_name(f'{trade} {place} {form}')[:33].strip('-')}"
            if name in taken:
                continue
            taken.add(name)
            text = f"{skill.description.strip().rstrip('.')[:90]}, for {trade} in {place}, {form}."
            yield Skill(name=name, description=text, kind="guide")


def write_folders(skills: Sequence[Skill], folder: Path) -> None:
    """Skills as folders, the way a person or ``git clone`` would bring them."""
    for skill in skills:
        home = folder / skill.name
        home.mkdir(parents=True)
        text = " ".join(skill.description.split()).replace('"', "'").replace("\\", "/")
        front = f'---\nname: {skill.name}\ndescription: "{text}"\n---\n'
        (home / "SKILL.md").write_text(f"{front}\n{skill.body}\n", encoding="utf-8")
