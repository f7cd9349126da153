"""The retrieval suite's own arithmetic, and the suite on a pool of its own format."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from skillweave.evals import retrieval_scale, retrieval_shadowing
from skillweave.evals.machine import this_machine
from skillweave.evals.retrieval import run_retrieval
from skillweave.evals.retrieval_abstention import SIGNS, Order, Seen, abstention, by_signs
from skillweave.evals.retrieval_baselines import by_bm25
from skillweave.evals.retrieval_data import bfcl, data_folder, hashes, metatool, skill_name
from skillweave.evals.retrieval_figures import RetrievalFigures, ScaleFigures
from skillweave.evals.retrieval_fillers import fillers
from skillweave.evals.retrieval_libraries import EVERYTHING
from skillweave.evals.retrieval_logistic import fit
from skillweave.evals.retrieval_metrics import Mean, Row, quality
from skillweave.evals.retrieval_plots import growth_svg, scale_svg, shadowing_svg
from skillweave.evals.retrieval_scale import Job, measure_size
from skillweave.evals.retrieval_shadowing import ShadowFigures, pools, run_shadowing
from skillweave.evals.retrieval_terms import run_terms
from skillweave.evals.thresholds import JUDGING, half_of
from skillweave.skills.errors import SettingsError
from skillweave.store import HashEmbedder
from skillweave.store.ranking import Ranked

THINGS = (
    "apples",
    "plums",
    "pears",
    "quinces",
    "cherries",
    "figs",
    "dates",
    "limes",
    "melons",
    "kiwis",
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten tools and forty queries in MetaTool's files, two functions in BFCL's."""
    base = tmp_path / "data"
    meta, functions = base / "metatool/dataset", base / "bfcl/data"
    (meta / "data").mkdir(parents=True)
    (functions / "possible_answer").mkdir(parents=True)
    tools = {f"{thing.title()}Tool": f"all about {thing}" for thing in THINGS}
    (meta / "plugin_des.json").write_text(json.dumps(tools))
    plugins = [{"name_for_model": "ApplesTool", "description_for_model": "apples, red and green"}]
    (meta / "plugin_info.json").write_text(json.dumps(plugins))
    lines = [
        f"{verb} some {thing},{thing.title()}Tool"
        for thing in THINGS
        for verb in ("buy", "sell", "eat", "wash")
    ]
    (meta / "data/all_clean_data.csv").write_text(
        "\n".join(["Query,Tool", *lines, lines[0]]) + "\n"
    )
    pair = {"query": "buy apples and sell plums", "tool": ["ApplesTool", "PlumsTool"]}
    (meta / "data/multi_tool_query_golden.json").write_text(json.dumps([pair]))
    for part in ("simple_python", "simple_java", "simple_javascript", "multiple"):
        parameters = {"properties": {"a": {"description": "the first number"}}}
        function = {"name": "math.add", "description": "add numbers", "parameters": parameters}
        task = {"id": part, "question": [[{"content": "add 1 and 2"}]], "function": [function]}
        (functions / f"BFCL_v4_{part}.json").write_text(json.dumps(task) + "\n")
        answer = {"id": part, "ground_truth": [{"math.add": {"a": [1]}}]}
        (functions / f"possible_answer/BFCL_v4_{part}.json").write_text(json.dumps(answer) + "\n")
    for part in ("parallel", "parallel_multiple"):
        (functions / f"BFCL_v4_{part}.json").write_text("")
        (functions / f"possible_answer/BFCL_v4_{part}.json").write_text("")
    return base


def test_pools_are_read_with_every_query_once(data: Path) -> None:
    pool, double = metatool(data)
    assert len(pool.skills) == 10
    assert len(pool.queries) == 40
    assert pool.skills[0].body == "apples, red and green"
    assert double[0].right == ("apples-tool", "plums-tool")
    functions = bfcl(data)
    assert [skill.name for skill in functions.skills] == ["math-add"]
    assert functions.skills[0].body == "add numbers\na: the first number"
    assert len(hashes(data)) == 4 + 12


def test_a_missing_data_folder_is_a_settings_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    with pytest.raises(SettingsError, match="MetaTool"):
        data_folder(tmp_path)
    monkeypatch.setenv("SKILLWEAVE_DATA", str(data))
    assert data_folder(None) == data


def test_names_become_names_of_skills() -> None:
    assert skill_name("total_query_meta_search_engine") == "total-query-meta-search-engine"
    assert skill_name("AIToolBox") == "ai-tool-box"


def test_quality_of_an_order() -> None:
    assert quality(["a", "b"], ["a"]) == (1.0, 1.0, 1.0)
    assert quality(["a", "b"], ["a", "b"]).ndcg10 == pytest.approx(1.0)
    assert quality(["x", "b"], ["a", "b"]).recall5 == 0.5
    assert quality([], ["a"]) == (0.0, 0.0, 0.0)


def test_intervals_hold_the_mean_and_narrow_with_the_number() -> None:
    few, many = Mean.of([0.0, 1.0] * 10), Mean.of([0.0, 1.0] * 1000)
    assert few.low <= few.mean == 50.0 <= few.high
    assert many.high - many.low < few.high - few.low
    row = Row.of("one", [[quality(["a"], ["a"])], [quality(["b"], ["a"])]])
    assert row.hit1_by_seed == (100.0, 0.0)


def test_bm25_prefers_the_rare_word(data: Path) -> None:
    pool, _ = metatool(data)
    assert by_bm25(pool.skills, ["all about figs"])[0][0] == "figs-tool"


def test_the_suite_runs_and_tells_what_it_did(data: Path) -> None:
    told: list[str] = []
    kept: list[RetrievalFigures] = []
    found = run_retrieval(
        data,
        HashEmbedder(),
        seeds=2,
        asked=10,
        command="the command",
        tell=told.append,
        keep=kept.append,
    )
    assert [one.seeds for one in kept] == [1, 2]
    assert kept[-1] == found
    assert [stage.solved for stage in found.growth] == [0, 30]
    assert {row.system for row in found.growth[0].rows} >= {EVERYTHING, "without learned"}
    assert all(row.queries == 20 for row in found.growth[0].rows)
    assert found.growth[0].rows[0].hit1.mean > 50.0
    assert found.data
    assert [one.score for one in found.abstention] == ["relevance", "score", "logistic"]
    assert set(found.abstention[-1].signs) == set(SIGNS)
    assert [row.system for row in found.together] == ["queries of MetaTool", "queries of BFCL"]
    assert len(told) == 2 + 2 * 3
    assert_svg(growth_svg(found))


def test_abstention_by_signs_is_judged_on_other_tools() -> None:
    """Tools of one half tell how far ahead a right first hit is; those of the other are judged."""
    chance = random.Random(0)

    def order(lead: float) -> Order:
        score = chance.uniform(0.4, 0.6)
        return [Ranked("a", score, score), Ranked("b", score - lead, score)]

    tools = [f"tool-{at}" for at in range(200)]
    known = [(tool, order(chance.uniform(0.1, 0.3))) for tool in tools]
    lacking = [(tool, order(chance.uniform(0.0, 0.05))) for tool in tools[:40]]
    seen = [Seen([], [], known, lacking)]
    told = by_signs(seen)
    plain = abstention(seen, "score", lambda order: order[0].score)
    judged = sum(half_of(tool) == JUDGING for tool in tools)
    assert told.kept.of == judged
    assert told.separation > 0.99 > plain.separation
    assert told.precision.share > 0.9
    assert told.recall.share > 0.9


def test_a_logistic_model_tells_two_clouds_apart() -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(400, 3))
    labels = rows[:, 1] > 0.5
    model = fit(rows, labels.tolist())
    right = (model.chances(rows) > 0.5) == labels
    assert right.mean() > 0.95
    assert abs(model.weights[1]) > 5 * max(abs(model.weights[[0, 2]]))


def assert_svg(text: str) -> None:
    assert fromstring(text).tag.endswith("svg")
    points = re.findall(r'points="([^"]*)"', text)
    assert points
    numbers = [float(one) for line in points for one in re.split(r"[ ,]", line)]
    assert all(0.0 <= one <= 1000.0 for one in numbers)


def test_each_term_tells_twins_apart(data: Path) -> None:
    told: list[str] = []
    found = run_terms(data, HashEmbedder(), asked=20, command="the command", tell=told.append)
    by_term = {one.term: one for one in found.terms}
    assert list(by_term) == ["prior", "boundary", "toolkits", "closure"]
    assert by_term["prior"].on.mean > by_term["prior"].off.mean
    assert by_term["prior"].off.mean < 75.0
    assert by_term["boundary"].on.mean >= by_term["boundary"].off.mean
    assert by_term["toolkits"].on.mean >= by_term["toolkits"].off.mean
    assert (by_term["closure"].on.mean, by_term["closure"].off.mean) == (100.0, 0.0)
    assert len(told) == 4


def test_fillers_are_the_same_again_and_all_different(data: Path) -> None:
    pool, real = pools(data)
    first = fillers([*pool.skills, *real], 200)
    assert fillers([*pool.skills, *real], 100) == first[:100]
    assert len({skill.name for skill in first}) == len({s.description for s in first}) == 200


def test_shadowing_keeps_asking_for_the_same_skills(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval_shadowing, "FIXED", 10)
    told: list[str] = []
    kept: list[ShadowFigures] = []
    found = run_shadowing(
        data,
        HashEmbedder(),
        (0, 30),
        asked=30,
        command="the command",
        tell=told.append,
        keep=kept.append,
    )
    assert [len(one.rows) for one in kept] == [1, 2]
    assert [row.others for row in found.rows] == [0, 30]
    assert found.rows[0].row.queries == found.rows[1].row.queries == 30
    assert found.rows[0].row.hit1.mean >= found.rows[1].row.hit1.mean > 0.0
    assert len(told) == 4
    assert_svg(shadowing_svg(found))


def test_the_cost_of_a_size_is_measured(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval_scale, "WARM", 2)
    monkeypatch.setattr(retrieval_scale, "SEARCHES", 10)
    job = Job(data, tmp_path / "vectors.sqlite", 60)
    one = measure_size(job, HashEmbedder())
    assert one.skills == 61
    assert one.views >= 2 * 61
    assert one.build is not None
    assert one.rebuild is not None
    assert one.recall10 >= 0.99
    assert one.disk_mb > one.index_mb > 0.0
    assert one.search.p95 >= one.search.p50 > 0.0
    figures = ScaleFigures(
        command="the command", made="today", machine=this_machine(), data={}, sizes=(one,)
    )
    assert_svg(scale_svg(figures))
    again = measure_size(job._replace(root=None, rebuild=False), HashEmbedder())
    assert again.rebuild is None


def test_a_library_that_is_there_is_measured_as_it_is(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval_scale, "WARM", 2)
    monkeypatch.setattr(retrieval_scale, "SEARCHES", 10)
    monkeypatch.setattr(retrieval_shadowing, "FIXED", 10)
    root = tmp_path / "library"
    run_shadowing(data, HashEmbedder(), (20,), asked=10, command="", tell=lambda _: None, root=root)
    job = Job(data, tmp_path / "vectors.sqlite", 30, root)
    one = measure_size(job, HashEmbedder())
    assert (one.skills, one.build) == (31, None)
