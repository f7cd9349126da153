"""Teaching on a tiny model: split, train, judge, admit or refuse; and the choice between text and adapter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.agent.growth.promote import Results, decide
from skillweave.agent.growth.promote_skill import adapter_name, promote
from skillweave.agent.growth.teach import Lesson, Limits, Progress
from skillweave.agent.growth.teach_base import Base, base_of
from skillweave.agent.growth.teach_skill import NotLearnedError, Taught, teach
from skillweave.agent.growth.teach_start import start_of
from skillweave.skills.errors import AdapterError, UserError
from skillweave.skills.factors import read_factors
from skillweave.skills.folder import read_skill
from skillweave.skills.model import Case
from skillweave.store import HashEmbedder, Library

WORDS = "red green blue north south one two three cat dog tree house car road hill lake".split()
LIMITS = Limits(
    steps=60, seconds=600, every=10, patience=20, rank=8, rate=1e-2, tokens_per_batch=64
)


def lesson(name: str = "way", **more: object) -> Lesson:
    """``up red`` -> ``a``, ``down red`` -> ``b``."""
    cases = [Case(input=f"up {w}", expected="a") for w in WORDS]
    cases += [Case(input=f"down {w}", expected="b") for w in WORDS]
    return Lesson(name=name, examples=tuple(cases), description="Tell the way.", **more)


@pytest.fixture(scope="module")
def base(tiny_nano: Path) -> Base:
    return base_of(str(tiny_nano))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    root = tmp_path_factory.mktemp("library")
    with Library(root, embedder=HashEmbedder(), builtin=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def taught(base: Base, library: Library) -> Taught:
    seen: list[Progress] = []
    found = teach(
        lesson(requests=("which way is it",)),
        library,
        base,
        limits=LIMITS,
        embedder=HashEmbedder(),
        on_progress=seen.append,
    )
    assert [p.phase for p in seen if not p.steps] == ["loading the model", "judging"]
    assert seen[-2].step == found.steps
    return found


def test_what_was_taught_is_in_the_library_with_its_evidence(
    taught: Taught, library: Library, base: Base
) -> None:
    assert taught.right > taught.held / 2
    assert taught.base_right == 0
    entry = library.entry("way")
    assert (entry.state, entry.skill.kind) == ("probation", "adapter")
    skill = library.get("way")
    assert skill.adapter is not None
    assert skill.adapter.base == base.hash
    assert skill.requests == ("which way is it",)
    assert skill.path is not None
    assert read_skill(skill.path).warnings == ()
    verdict = json.loads((skill.path / "verdict.json").read_text())
    stages = {one["stage"]: one for one in verdict["findings"]}
    assert stages["held-out"]["detail"].startswith(f"{taught.right} of {taught.held} ")
    assert stages["benefit"]["effect"] > 0
    examples = (skill.path / "references" / "examples.jsonl").read_text().splitlines()
    assert len(examples) == 2 * len(WORDS)
    held = {case.input for case in skill.cases}
    assert held == {pair.input for pair in lesson().split().held}
    rows = base.rows(lesson().split().held, "Tell the way.")
    assert sum(base.right(rows, read_factors(skill.path))) == taught.right


def test_what_cannot_be_learned_is_refused_and_nothing_is_added(
    taught: Taught, base: Base, library: Library
) -> None:
    noise = [Case(input=w, expected="a" if n * 7 % 5 < 2 else "b") for n, w in enumerate(WORDS)]
    wanted = Lesson(name="noise", examples=tuple(noise), seed=1)
    with pytest.raises(NotLearnedError, match="noise"):
        teach(wanted, library, base, limits=Limits(steps=2, rank=2), embedder=HashEmbedder())
    assert [skill.name for skill in library.list()] == ["way"]


def test_a_start_is_composed_of_what_the_library_has(
    taught: Taught, base: Base, library: Library
) -> None:
    for start, told in (("nearest", "way"), ("way:0.5", "way:0.5")):
        wanted = lesson("same-way", start=start)
        rows = base.rows(wanted.split().train, "Tell the way.")
        found = start_of(wanted, library, base, rows, "Tell the way.", 8)
        assert found.name == told
        assert found.adapter is not None
        assert {factors.rank for factors in found.adapter.values()} == {8}
    with pytest.raises(UserError, match="gate"):
        start_of(lesson(start="arrow(way,noise)"), library, base, rows, "x", 8)


def test_an_adapter_that_adds_nothing_to_another_is_refused(
    taught: Taught, base: Base, library: Library
) -> None:
    wanted = lesson("same-way", start="way")
    with pytest.raises(NotLearnedError, match="0 won and 0 lost"):
        teach(wanted, library, base, limits=Limits(steps=1, rank=8), embedder=HashEmbedder())


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ([Case(input="a", expected="b")] * 40, "1 different examples are too few"),
        ([Case(input=str(n), expected="b") for n in range(40)], "same output"),
        ([Case(input=str(n % 20), expected=n) for n in range(40)], "contradicts an earlier one"),
        ([Case(arguments={"x": 1}, expected="b")], "no text to work on"),
        ([Case(input="x", expected=[1])], "no text and no number"),
        ([Case(input="x", expected=" ")], "an empty output"),
    ],
)
def test_examples_that_teach_nothing_are_refused_in_one_line(
    cases: list[Case], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        Lesson(name="x", examples=tuple(cases))


def test_the_parts_of_a_lesson_have_nothing_in_common() -> None:
    train, valid, held = lesson().split()
    assert len({*train, *valid, *held}) == len(train) + len(valid) + len(held) == 2 * len(WORDS)
    assert lesson().split() == lesson().split() != lesson(seed=1).split()


def test_only_models_on_this_machine_can_be_taught() -> None:
    for model in ("http://localhost:1/v1", "openai:gpt-5", "nobody/nothing"):
        with pytest.raises(UserError, match="cannot be taught"):
            base_of(model)


YES, NO = [True] * 12, [False] * 12
HALF = [n % 2 == 0 for n in range(12)]


@pytest.mark.parametrize(
    ("results", "form"),
    [
        ({"neither": NO, "text": NO, "adapter": NO, "both": NO, "wrong": NO}, "neither"),
        ({"neither": NO, "text": YES, "adapter": HALF, "both": YES, "wrong": NO}, "text"),
        ({"neither": NO, "text": HALF, "adapter": YES, "both": YES, "wrong": NO}, "adapter"),
        ({"neither": NO, "text": HALF, "adapter": HALF, "both": YES, "wrong": NO}, "both"),
        ({"neither": NO, "text": YES, "adapter": YES, "both": YES, "wrong": NO}, "text"),
        ({"neither": NO, "text": NO, "adapter": YES, "both": YES, "wrong": YES}, "neither"),
        ({"neither": NO, "text": NO, "adapter": YES, "both": YES}, "adapter"),
        ({"neither": YES, "text": YES, "adapter": YES, "both": YES, "wrong": YES}, "neither"),
    ],
)
def test_the_simplest_form_that_nothing_beats_is_kept(results: Results, form: str) -> None:
    assert decide(results).form == form


def test_an_adapter_takes_the_place_of_a_text_that_it_beats(base: Base, tmp_path: Path) -> None:
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as library:
        note = tmp_path / "way-note.md"
        note.write_text("# Way note\n\nTell the way: a for up, b for down.\n")
        library.add(note, state="active")
        found = promote(
            "way-note",
            library,
            base,
            cases=lesson().examples,
            limits=LIMITS,
            embedder=HashEmbedder(),
        )
        assert found.decision.form == "adapter"
        assert found.decision.right["text"] == found.decision.right["neither"] == 0
        assert library.entry("way-note").state == "archived"
        assert library.entry(adapter_name("way-note")).state == "probation"
        with pytest.raises(UserError, match="only text can be promoted"):
            promote(adapter_name("way-note"), library, base)


def test_an_adapter_of_another_base_is_no_start(taught: Taught, library: Library) -> None:
    with pytest.raises(AdapterError, match="another base model"):
        start_of(lesson("other", start="way"), library, base_of("nano"), [], "x", 8)
