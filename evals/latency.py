"""Start-up time, time to the first token and time per task, each start in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO

from pydantic import Field

from skillweave.skills.errors import ServerError
from skillweave.skills.model import Frozen

REQUESTS = (
    "What is 17 plus 25?",
    "Reverse the text 'lantern' and make it uppercase.",
    "Count the vowels in 'a quiet morning' and double the count.",
    "Sort the words of 'pear apple fig' and tell me how many letters the first one has.",
)


class Moment(Frozen):
    """One line of the probe."""

    moment: str
    seconds: float
    outcome: str = ""
    tokens: int = 0
    whole: float = 0.0


class Spread(Frozen):
    """Several measurements of one thing, in seconds."""

    median: float
    least: float
    most: float
    count: int


class Start(Frozen):
    """One start and what followed."""

    ready: float
    """From the start of the process until a request could be put."""
    phases: dict[str, float] = Field(default_factory=dict)
    """Seconds until each phase was over, from the first line of the program on."""
    first_token: tuple[float, ...] = ()
    whole_plan: tuple[float, ...] = ()
    task: tuple[float, ...] = ()
    outcomes: tuple[str, ...] = ()


class Latency(Frozen):
    """All starts, and their spread."""

    model: str
    requests: tuple[str, ...]
    ready: Spread
    first_token: Spread
    whole_plan: Spread
    task: Spread
    first_task: Spread
    """The first request after a start, which also pays for what is made lazily."""
    starts: tuple[Start, ...]


def spread(values: Sequence[float]) -> Spread:
    """Median and range; zeros when nothing was measured."""
    if not values:
        return Spread(median=0, least=0, most=0, count=0)
    rounded = [round(value, 4) for value in values]
    median = round(statistics.median(rounded), 4)
    return Spread(median=median, least=min(rounded), most=max(rounded), count=len(rounded))


def read_moments(stream: IO[str], clock: Callable[[], float]) -> tuple[list[Moment], float]:
    """The probe's lines, and the seconds on ``clock`` when it was ready."""
    moments, ready = [], 0.0
    for line in stream:
        if not line.startswith('{"moment"'):
            continue
        moment = Moment.model_validate_json(line)
        moments.append(moment)
        if moment.moment == "ready":
            ready = clock()
    return moments, ready


def start_once(model: str, requests: Sequence[str] = REQUESTS) -> Start:
    """Start the agent in a new process and let it answer the requests."""
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "skillweave.evals.probe", model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise ServerError("the probe has no pipes")
        process.stdin.write(json.dumps(list(requests)))
        process.stdin.close()
        moments, ready = read_moments(process.stdout, lambda: time.monotonic() - began)
    if process.returncode != 0:
        raise ServerError(f"the probe ended with status {process.returncode}; see its output above")
    tokens = [m for m in moments if m.moment == "token"]
    tasks = [m for m in moments if m.moment == "task"]
    return Start(
        ready=ready,
        phases={m.moment: m.seconds for m in moments if m not in tokens and m not in tasks},
        first_token=tuple(m.seconds for m in tokens),
        whole_plan=tuple(m.whole for m in tokens),
        task=tuple(m.seconds for m in tasks),
        outcomes=tuple(m.outcome for m in tasks),
    )


def measure(
    model: str,
    repeats: int,
    requests: Sequence[str] = REQUESTS,
    start: Callable[[str, Sequence[str]], Start] = start_once,
    on_start: Callable[[Start], None] | None = None,
) -> Latency:
    """Start ``repeats`` times; the first is thrown away, because it fills the disk cache."""
    starts = []
    for number in range(repeats + 1):
        one = start(model, requests)
        if on_start is not None:
            on_start(one)
        if number > 0:
            starts.append(one)
    return Latency(
        model=model,
        requests=tuple(requests),
        ready=spread([one.ready for one in starts]),
        first_token=spread([seconds for one in starts for seconds in one.first_token]),
        whole_plan=spread([seconds for one in starts for seconds in one.whole_plan]),
        task=spread([seconds for one in starts for seconds in one.task[1:]]),
        first_task=spread([seconds for one in starts for seconds in one.task[:1]]),
        starts=tuple(starts),
    )
