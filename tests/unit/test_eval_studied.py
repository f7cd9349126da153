"""What a search finds on trial: the rules of each offer, and samples that run side by side."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from skillweave.evals.studied import StudiedLibrary, Trial, offered, on_trial
from skillweave.evals.suite import Offer, Sample
from skillweave.skills.model import Skill, SkillKind
from skillweave.store.embed import HashEmbedder
from skillweave.store.ranking import Hit

NAMES = ("add", "double", "halve", "negate", "square", "subtract")


def skill(name: str) -> Skill:
    return Skill(name=name, description=name, kind="tool")


def draw(_: SkillKind, rng: random.Random) -> Skill:
    return skill(rng.choice(NAMES))


def sample(right: tuple[str, ...] = (), given: tuple[str, ...] = ()) -> Sample:
    return Sample(id="s", request="r", family="f", right=right, given=given)


names = st.lists(st.sampled_from(NAMES), unique=True)
offers = st.sampled_from(["given", "right", "wrong", "random"])


@hypothesis.given(names, names, offers, st.integers(1, 6), st.integers(0, 3))
def test_an_offer_keeps_its_promise(
    found: list[str], right: list[str], offer: Offer, k: int, seed: int
) -> None:
    hits = [
        Hit(skill=skill(n), score=1 - i / 10, dense=0.5, lexical=0) for i, n in enumerate(found)
    ]
    trial = Trial(sample=sample(tuple(right), tuple(right)), offer=offer, seed=seed)
    shown = offered(hits, trial, k, draw)
    told = [hit.skill.name for hit in shown]
    assert len(told) == len(set(told)) <= k
    assert shown == offered(hits, trial, k, draw)
    assert [hit.score for hit in shown] == sorted((hit.score for hit in shown), reverse=True)
    if offer in ("given", "right"):
        assert told == [name for name in found if name in right][:k]
    else:
        assert not set(told) & (set(right) or set(found[:1]))
        assert [hit.score for hit in shown] == [hit.score for hit in hits[: len(shown)]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudiedLibrary]:
    folder = tmp_path_factory.mktemp("library")
    with StudiedLibrary(folder, builtin=False, embedder=HashEmbedder()) as opened:
        for name in NAMES:
            file = folder / f"{name}.py"
            file.write_text(f'def {name}(a: float) -> float:\n    """{name} it."""\n    return a\n')
            opened.add(file, state="active")
        yield opened


def found(library: StudiedLibrary, offer: Offer, of: Sample, query: str = "double it") -> list[str]:
    with on_trial(Trial(sample=of, offer=offer)):
        return [hit.skill.name for hit in library.search(query, kinds={"tool"}, k=2)]


def test_each_offer_in_a_real_library(library: StudiedLibrary) -> None:
    assert [hit.skill.name for hit in library.search("double it", k=1)] == ["double"]
    assert found(library, "all", sample())[0] == "double"
    assert found(library, "none", sample()) == []
    given = ("negate", "square")
    assert sorted(found(library, "given", sample(given=given))) == list(given)
    assert found(library, "right", sample(right=("add",))) == ["add"]
    assert found(library, "right", sample()) == []
    assert "double" not in found(library, "wrong", sample())
    assert "double" not in found(library, "random", sample(right=("double",)))


def test_a_use_is_not_remembered(library: StudiedLibrary, tmp_path: Path) -> None:
    library.record("add", "failed")
    assert library.entry("add").failed == 0
    with StudiedLibrary(tmp_path, embedder=HashEmbedder(), builtin=False, grows=True) as growing:
        file = tmp_path / "add.py"
        file.write_text('def add(a: float) -> float:\n    """Add it."""\n    return a\n')
        growing.add(file)
        growing.record("add", "failed")
        assert growing.entry("add").failed == 1


def test_trials_side_by_side_do_not_mix(library: StudiedLibrary) -> None:
    def one(name: str) -> list[str]:
        return found(library, "right", sample(right=(name,)))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, NAMES * 5)) == [[name] for name in NAMES * 5]
