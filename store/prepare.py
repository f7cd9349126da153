"""Write vectors and re-ranker of the built-in skills: ``python -m skillweave.store.prepare``."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from skillweave.skills.builtin import builtin_root
from skillweave.skills.errors import SkillweaveError
from skillweave.skills.folder import read_skill
from skillweave.skills.model import Skill
from skillweave.store.embed import MiniLMEmbedder, key_of
from skillweave.store.folders import folders_in
from skillweave.store.layout import Layout
from skillweave.store.library import Library
from skillweave.store.prepared import FILE, TUNED, prepared_vectors
from skillweave.store.views import views_of


def builtin_skills() -> list[Skill]:
    """The readable built-in skills."""
    skills = []
    for found in folders_in(builtin_root(), "builtin"):
        with contextlib.suppress(SkillweaveError):
            skills.append(read_skill(Path(found.folder)))
    return skills


def builtin_texts() -> list[str]:
    """All texts of the readable built-in skills that a library embeds, each once."""
    texts: dict[str, None] = {}
    for skill in builtin_skills():
        texts.update(dict.fromkeys(view.text for view in views_of(skill)))
        if skill.avoid_when:
            texts[skill.avoid_when] = None
    return list(texts)


def main() -> None:
    """Embed what the file lacks, and write it."""
    embedder = MiniLMEmbedder()
    texts = {key_of(embedder.name, text): text for text in builtin_texts()}
    vectors = prepared_vectors(texts)
    missing = [key for key in texts if key not in vectors]
    fresh = embedder.embed([texts[key] for key in missing])
    vectors.update(zip(missing, fresh, strict=True))
    keys = sorted(texts)
    np.savez(
        FILE,
        keys=np.array([np.frombuffer(key, np.uint8) for key in keys]),
        vectors=np.array([vectors[key] for key in keys], np.float16),
    )
    sys.stdout.write(f"{FILE}: {len(keys)} vectors, {len(missing)} of them new\n")
    with tempfile.TemporaryDirectory() as folder, Library(folder) as library:
        report = library.learn_ranking()
        shutil.copy(Layout(library.root).reranker, TUNED)
    sys.stdout.write(
        f"{TUNED}: {report.requests} requests; right skill first for {report.before:.1%} of "
        f"{report.judged} held out without it, {report.after:.1%} with it\n"
    )


if __name__ == "__main__":
    main()
