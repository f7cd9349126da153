"""Past requests, learned ranking, sets and diagnoses, on small libraries with the hash embedder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import AdapterInfo, Skill
from skillweave.store import HashEmbedder, Library, Weights
from skillweave.store.diagnosis import CHANCES, stale_bases
from skillweave.store.reading import Entry
from skillweave.store.tuning import FEWEST_REQUESTS


def guide(name: str, text: str, requests: tuple[str, ...] = (), **more: str) -> WrappedSkill:
    skill = Skill(name=name, description=text, kind="guide", body=text, requests=requests, **more)
    return WrappedSkill(skill, {}, Path(name))


def open_library(root: Path) -> Library:
    return Library(root, embedder=HashEmbedder(), builtin=False)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library") as opened:
        yield opened


def names(library: Library, query: str) -> list[str]:
    return [hit.skill.name for hit in library.search(query)]


def test_what_a_skill_solved_becomes_a_view_of_it(library: Library, tmp_path: Path) -> None:
    library.add_all([guide("one", "apples and pears"), guide("two", "plums and pears")])
    assert names(library, "sour fruit for jam")[0] == "one"
    library.remember({"two": ["sour fruit for jam", "sour fruit for jam", "jam of the year"]})
    best = library.search("sour fruit for jam", explain=True)[0]
    assert (best.skill.name, best.view) == ("two", "experience: sour fruit for jam")
    assert best.dense == pytest.approx(1.0, abs=1e-5)
    assert library.rebuild().views == 2 * 3 + 2
    assert names(library, "sour fruit for jam")[0] == "two"


def test_a_request_in_the_words_of_a_name_counts_in_full(library: Library) -> None:
    library.add(guide("percent-of", "take a share", ("percent of", "a part")))
    (best,) = library.search("percent of", explain=True)
    assert best.view == "request: percent of"
    assert best.dense == pytest.approx(1.0, abs=1e-5)


def test_a_recorded_request_is_indexed_when_the_library_opens_again(tmp_path: Path) -> None:
    with open_library(tmp_path / "library") as library:
        library.add_all([guide("one", "apples and pears"), guide("two", "plums and pears")])
        library.record("two", "succeeded", request="sour fruit for jam")
        library.record("one", "failed", request="sour fruit for cake")
    with open_library(tmp_path / "library") as library:
        best = library.search("sour fruit for jam", explain=True)[0]
        assert best.view == "experience: sour fruit for jam"
        views = [hit.view for hit in library.search("sour fruit for cake", explain=True)]
        assert "experience: sour fruit for cake" not in views


def test_past_requests_outlive_a_new_version(library: Library) -> None:
    library.add_all([guide("one", "apples and pears"), guide("two", "plums and pears")])
    library.remember({"two": ["sour fruit for jam"]})
    library.add(guide("two", "plums, pears and quinces"))
    assert names(library, "sour fruit for jam")[0] == "two"


def learned_library(library: Library) -> None:
    """Three skills whose past says nothing that their descriptions say."""
    library.add_all([guide(f"skill-{at}", f"about letter {at}") for at in range(3)])
    words = [["red", "pink", "crimson"], ["blue", "navy", "azure"], ["green", "lime", "olive"]]
    library.remember(
        {
            f"skill-{at}": [f"{word} thing number {n}" for word in words[at] for n in range(9)]
            for at in range(3)
        }
    )


def test_the_ranking_is_learned_from_the_past_and_kept_where_it_is_better(
    library: Library, tmp_path: Path
) -> None:
    assert not library.learn_ranking().kept, "there is no past yet"
    learned_library(library)
    report = library.learn_ranking()
    assert report.requests == 81 > FEWEST_REQUESTS
    assert report.kept == (report.after > report.before)
    hits = library.search("navy thing")
    assert hits[0].skill.name == "skill-1"
    off, on = library.compare("navy thing", [Weights(learned=0.0), Weights()])
    assert on[0].name == hits[0].skill.name
    assert on[0].score == pytest.approx(hits[0].score)
    if report.kept:
        assert hits[0].terms["learned"] > hits[-1].terms["learned"]
        assert on[0].score - on[1].score > off[0].score - off[1].score


def test_a_set_serves_all_parts_with_one_of_each_toolkit(library: Library) -> None:
    library.add_all(
        [
            guide("rain", "weather forecast rain", toolkit="weather"),
            guide("snow", "weather forecast snow rain", toolkit="weather"),
            guide("stocks", "stock market price"),
            guide("songs", "play music songs"),
        ]
    )
    request = "weather forecast rain tomorrow, and the stock market price"
    chosen = library.select(request, k=2)
    assert {hit.skill.name for hit in chosen.hits} == {"rain", "stocks"}
    assert [hit.skill.name for hit in chosen.siblings["rain"]] == ["snow"]
    both = library.select(request, k=3, weights=Weights(toolkits=False))
    assert {"rain", "snow"} <= {hit.skill.name for hit in both.hits}
    assert both.siblings == {}


def test_what_the_chosen_require_comes_along(library: Library) -> None:
    library.add(guide("base", "something else entirely"))
    wrapped = guide("rain", "weather forecast rain")
    skill = wrapped.skill.model_copy(update={"requires": ("base",)})
    library.add(WrappedSkill(skill, {}, Path("rain")))
    assert [one.name for one in library.select("weather rain", k=1).required] == ["base"]
    without = library.select("weather rain", k=1, weights=Weights(closure=False))
    assert without.required == ()


def ailments(library: Library) -> set[tuple[str, str]]:
    return {(one.skill, one.ailment) for one in library.diagnose()}


def test_a_healthy_library_has_no_ailment(library: Library) -> None:
    library.add_all(
        [guide("one", "apples", ("red apples",)), guide("two", "plums", ("blue plums",))]
    )
    assert ailments(library) == set()


def test_near_duplicates_come_with_a_proposal(library: Library) -> None:
    library.add_all(
        [
            guide("count-words", "count the words of a text"),
            guide("words-count", "the words count of a text", ("how many words",)),
            guide("pear", "something about pears"),
        ]
    )
    (found,) = library.diagnose()
    assert (found.skill, found.ailment) == ("count-words", "near-duplicate")
    assert "words-count" in found.detail
    assert "skillweave skills archive count-words" in found.remedy


def test_opposites_whose_requests_find_them_are_no_duplicates(library: Library) -> None:
    one = ("pad it left", "left pad please", "fill left side")
    two = ("pad it right", "right pad please", "fill right side")
    text = "pad a text with blanks on the side that is"
    library.add_all(
        [guide("pad-left", f"{text} left", one), guide("pad-right", f"{text} right", two)]
    )
    assert ("pad-right", "near-duplicate") not in ailments(library)


def test_a_shadowed_skill_is_named(library: Library) -> None:
    library.add_all(
        [
            guide("loud", "red apples green apples"),
            guide("quiet", "fruit", ("eat red apples now", "cook green apples today")),
        ]
    )
    (found,) = [one for one in library.diagnose() if one.ailment == "shadowed"]
    assert found.skill == "quiet"
    assert "loud" in found.detail


def test_a_skill_that_never_fires_is_named_unless_it_is_pinned(library: Library) -> None:
    library.add_all([guide("one", "apples"), guide("two", "plums"), guide("three", "pears")])
    library.pin("three")
    for _ in range(CHANCES):
        library.record("one", "used")
    assert ailments(library) == {("two", "never-fires")}


def test_broken_requirements_are_named(library: Library) -> None:
    for name, needs in (("one", "gone"), ("two", "three"), ("three", "two"), ("four", "five")):
        skill = guide(name, f"about {name} alone").skill
        library.add(WrappedSkill(skill.model_copy(update={"requires": (needs,)}), {}, Path(name)))
    library.add(guide("five", "about five alone"))
    library.archive("five")
    told = {one.skill: one.detail for one in library.diagnose()}
    assert told == {
        "one": "requires gone, which is not there",
        "two": "requires itself, by way of what it requires",
        "three": "requires itself, by way of what it requires",
        "four": "requires five, which is put away",
    }


def test_an_adapter_of_another_base_is_named() -> None:
    info = AdapterInfo(base="a" * 64, rank=8, alpha=8.0, targets=("q_proj",), parameters=1)
    skill = Skill(name="tone", description="tone", kind="adapter", adapter=info)
    entry = Entry(skill=skill, state="active", origin="library")
    assert [one.ailment for one in stale_bases([entry], ["b" * 64])] == ["stale-base"]
    assert not list(stale_bases([entry], ["a" * 64]))
    assert not list(stale_bases([entry], []))
