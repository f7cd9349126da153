"""Suites as tasks of inspect-ai, with a scripted agent; without inspect-ai one line names the extra."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from skillweave.evals.inspect_tasks import run_task, task_of
from skillweave.evals.record import Record
from skillweave.evals.suite import LIBRARY, ORACLE, Arm, Loaded, Sample, Score, Suite
from skillweave.evals.workplace import Workplace
from skillweave.skills.errors import UserError

SAMPLES = (
    Sample(id="one", request="say one", family="f", expected=1, right=()),
    Sample(id="two", request="say two", family="f", expected=2),
    Sample(id="bad", request="fall over", family="f"),
)
SUITE = Suite(
    name="numbers",
    about="numbers",
    arms=(LIBRARY,),
    load=lambda _: Loaded(samples=SAMPLES, files={}),
    score=lambda _, __: Score(value=1.0),
)


def try_out(arm: Arm, seed: int, sample: Sample) -> Record:
    failed = sample.id == "bad"
    return Record(
        arm=arm.name, seed=seed, sample=sample.id, family="f", tokens=7, answer=sample.request,
        status="error" if failed else "scored", note="the server is gone" if failed else "",
        score=None if failed else float(sample.id == "one"),
    )  # fmt: skip


PLACE = cast(Workplace, SimpleNamespace(try_out=try_out))


def test_without_inspect_ai_one_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    with pytest.raises(UserError, match=r"pip install 'skillweave\[inspect\]'"):
        task_of(SUITE, LIBRARY, 0, SAMPLES, PLACE)


@pytest.mark.skipif(
    importlib.util.find_spec("inspect_ai") is None,
    reason="inspect-ai is not installed (pip install 'skillweave[inspect]')",
)
@pytest.mark.filterwarnings("default")
def test_a_suite_runs_as_a_task_and_its_log_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token counter would fail here: the network is closed, and so is tiktoken."""
    from inspect_ai.log import read_eval_log

    monkeypatch.setitem(sys.modules, "tiktoken", None)
    task = task_of(SUITE, LIBRARY, 0, SAMPLES, PLACE)
    log = read_eval_log(run_task(task, LIBRARY, tmp_path, parallel=2).location)
    assert log.status == "success"
    assert log.eval.task == "skillweave-numbers-library"
    assert log.samples is not None
    found: Mapping[str, object] = {str(sample.id): sample for sample in log.samples}
    one, two, bad = (cast("SimpleNamespace", found[name]) for name in ("one", "two", "bad"))
    assert one.scores["skillweave_score"].value == 1
    assert two.scores["skillweave_score"].value == 0
    assert one.output.usage.output_tokens == 7
    assert "the server is gone" in bad.error.message
    assert one.error is None
    assert len(task_of(SUITE, ORACLE, 0, SAMPLES, PLACE).dataset) == 1
