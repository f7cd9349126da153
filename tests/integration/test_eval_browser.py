"""The report in a real browser: it draws, opens a sample down to its trace, and asks nobody for anything.

Chromium is driven over a pipe by its DevTools protocol, without a package and without a port
(https://chromedevtools.github.io/devtools-protocol/): commands go in at descriptor 3, answers and
events come out at descriptor 4, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import fcntl
import io
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from pydantic import JsonValue

from skillweave.evals.benches import BenchManifest, BenchRun
from skillweave.evals.journal import Journal
from skillweave.evals.machine import this_machine
from skillweave.evals.manifest import Limits, Manifest, Plan
from skillweave.evals.plots import plots
from skillweave.evals.record import Key, Record
from skillweave.evals.report import html
from skillweave.evals.runs import SuiteRun, read_run
from skillweave.evals.suite import GROWN, LIBRARY, NONE, Loaded, Sample, Score, Suite
from skillweave.evals.summary import summarise

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--mute-audio", "--remote-debugging-pipe",
)  # fmt: skip


def chromium() -> str | None:
    """The program, where there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One page, with everything it asked for and complained about."""

    def __init__(self, sends: IO[bytes], hears: IO[bytes]) -> None:
        self._sends = sends
        self._hears = hears
        self._number = 0
        self._session = ""
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def open(self, url: str, width: int = 1100) -> None:
        """Load a page in a new tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width)
        self.call("Page.navigate", url=url)
        while self._heard().get("method") != "Page.loadEventFired":
            pass

    def resize(self, width: int) -> None:
        """Give the window another width."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)

    def evaluate(self, expression: str) -> JsonValue:
        """The value of a JavaScript expression."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise AssertionError(f"{expression}: {found['exceptionDetails']}")
        result = found["result"]
        return result.get("value") if isinstance(result, dict) else None

    def screenshot(self) -> bytes:
        """What the window shows, as PNG."""
        return base64.b64decode(str(self.call("Page.captureScreenshot", format="png")["data"]))

    def call(self, method: str, **parameters: JsonValue) -> Mapping[str, JsonValue]:
        """Send a command and wait for its answer."""
        self._number += 1
        message: dict[str, JsonValue] = {
            "id": self._number, "method": method, "params": parameters,
        }  # fmt: skip
        if self._session:
            message["sessionId"] = self._session
        self._sends.write(json.dumps(message).encode() + b"\0")
        self._sends.flush()
        while True:
            heard = self._heard()
            if heard.get("id") == self._number:
                if "error" in heard:
                    raise AssertionError(f"{method}: {heard['error']}")
                result = heard["result"]
                return result if isinstance(result, dict) else {}

    def _heard(self) -> dict[str, JsonValue]:
        text = bytearray()
        while (byte := self._hears.read(1)) != b"\0":
            if not byte:
                raise AssertionError("the browser ended")
            text += byte
        message: dict[str, JsonValue] = json.loads(text)
        told = message.get("params")
        facts: dict[str, JsonValue] = told if isinstance(told, dict) else {}
        match message.get("method"):
            case "Network.requestWillBeSent":
                request = facts["request"]
                self.requests.append(str(request["url"]) if isinstance(request, dict) else "")
            case "Runtime.exceptionThrown" | "Log.entryAdded":
                self.complaints.append(json.dumps(facts)[:300])
        return message


@contextmanager
def browser(program: str) -> Iterator[Page]:
    """A browser with a profile of its own; gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        # The shell copies them to 3 and 4, so they must not be there.
        high_in = fcntl.fcntl(theirs_in, fcntl.F_DUPFD, 20)
        high_out = fcntl.fcntl(theirs_out, fcntl.F_DUPFD, 20)
        os.close(theirs_in)
        os.close(theirs_out)
        plugged = f'exec "$0" "$@" 3<&{high_in} 4>&{high_out}'
        process = subprocess.Popen(
            ["bash", "-c", plugged, program, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(high_in, high_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(Path(profile))},
        )
        os.close(high_in)
        os.close(high_out)
        try:
            with os.fdopen(ours_out, "wb") as sends, os.fdopen(ours_in, "rb") as hears:
                yield Page(sends, hears)
        finally:
            process.kill()
            process.wait()


ARMS = (NONE, LIBRARY, GROWN)
SAMPLES = tuple(
    Sample(id=f"s{n}", request=f"task {n} <b>", family=("plain", "with a rather long name")[n % 2])
    for n in range(8)
)
SUITE = Suite(
    name="shown",
    about="made-up samples",
    arms=ARMS,
    load=lambda _: Loaded(samples=SAMPLES, files={}),
    score=lambda _, __: Score(value=1.0),
)


def run_of(folder: Path) -> SuiteRun:
    """A finished run in which the library solves three of four samples."""
    limits = Limits(max_steps=9, max_tokens=99, max_seconds=9)
    plan = Plan(
        suite="shown", arms=tuple(a.name for a in ARMS), seeds=(0,), model="m", limits=limits
    )
    manifest = Manifest(
        plan=plan, samples="", count=8, data={}, library="", skills=3, parallel=1, model_hash="",
        sources=("a",), machine=this_machine(), command="skillweave eval run shown", made="today",
    )  # fmt: skip
    journal = Journal(folder)
    journal.write("manifest.json", manifest)
    source = folder / "trace.jsonl"
    for arm in ARMS:
        for n, sample in enumerate(SAMPLES):
            asked = {"kind": "finished", "result": {"outcome": "solved", "answer": f"trace of {n}"}}
            source.write_text(json.dumps(asked) + "\n")
            key = Key(arm.name, 0, sample.id)
            record = Record(
                **key._asdict(), family=sample.family, status="scored", request=sample.request,
                score=float(arm.name != "none" and n % 4 > 0), tokens=10 * len(arm.name), answer="42",
                trace=journal.keep_trace(key, source), new_skills=("one",) if arm.grows else (),
            )  # fmt: skip
            journal.append(record)
    journal.write("summary.json", summarise(SUITE, ARMS, (0,), SAMPLES, journal.records()))
    return read_run(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SuiteRun:
    return run_of(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def page(run: SuiteRun) -> Iterator[Page]:
    program = chromium()
    if program is None:
        pytest.skip(
            f"no browser here: none of {', '.join(NAMES)} (on Debian: apt install chromium)"
        )
    manifest = BenchManifest(name="speed", about="speeds", command="c", made="m", source="s")
    bench = BenchRun(run.folder, manifest, {"rows": [{"load": "even", "times": {"median": 2.5}}]})
    file = run.folder / "report.html"
    file.write_text(html([run], [bench]), encoding="utf-8")
    with browser(program) as shown:
        shown.open(file.as_uri())
        yield shown


def test_everything_is_drawn(page: Page) -> None:
    assert page.evaluate("document.title") == "What skills add: shown, speed"
    assert page.evaluate("document.querySelectorAll('section').length") == 2
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect())"
        ".map(r => r.width > 300 && r.height > 60)"
    )
    assert sizes == [True] * 4
    assert page.evaluate("document.querySelectorAll('svg rect').length") == 2 * len(ARMS)
    assert page.evaluate("document.querySelectorAll('svg polyline').length") == 4
    assert page.evaluate("document.querySelector('#speed td + td').textContent") == "2.50"


def test_no_label_of_a_chart_is_cut_off(page: Page) -> None:
    cut = page.evaluate(
        "[...document.querySelectorAll('svg')].flatMap(s => [...s.querySelectorAll('text')]"
        ".filter(t => { const b = t.getBBox(), v = s.viewBox.baseVal;"
        " return b.x < -1 || b.x + b.width > v.width + 1 || b.y + b.height > v.height + 4; })"
        ".map(t => t.textContent))"
    )
    assert cut == []


def test_a_sample_opens_down_to_its_trace(page: Page) -> None:
    shown = "document.querySelector('ol.trace li').checkVisibility()"
    assert page.evaluate(shown) is False
    page.evaluate("document.querySelector('details.sample > summary').click()")
    page.evaluate("document.querySelector('details.sample details > summary').click()")
    assert page.evaluate(shown) is True
    told = page.evaluate("document.querySelector('ol.trace li').textContent")
    assert told == "solved: trace of 0"
    assert page.evaluate("document.querySelector('details.sample dd').textContent") == "task 0 <b>"
    assert page.evaluate("document.querySelectorAll('details.sample b').length") == 0


def test_a_narrow_window_needs_no_sideways_scrolling(page: Page) -> None:
    page.resize(420)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.resize(1100)


def test_it_asks_for_nothing_and_complains_of_nothing(page: Page) -> None:
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert page.complaints == []


def colours_of(png: bytes) -> int:
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(png))
    assert image.width > 700
    return len(image.convert("RGB").getcolors(maxcolors=1 << 24))


def test_what_the_window_shows_is_no_blank(page: Page) -> None:
    assert colours_of(page.screenshot()) > 20


def test_plots_are_pictures(run: SuiteRun, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    written = plots(run.summary, tmp_path)
    names = ["shown-families", "shown-cost", "shown-growth", "shown-learned"]
    assert [path.stem for path in written] == names
    assert all(colours_of(path.read_bytes()) > 20 for path in written)
