"""The suite endpoint against an HTTP server that answers well, late, partly, wrongly, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skillweave.agent import Settings
from skillweave.agent.models import open_model
from skillweave.evals.journal import Journal, read_json
from skillweave.evals.record import Key
from skillweave.evals.runner import Asked, run_suite
from skillweave.evals.study import Study
from skillweave.evals.suites.endpoint import ENDPOINT, HOME, deed, load
from skillweave.evals.workplace import Bench
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import HashEmbedder

DEEDS = {
    "well": "",
    "wrongly": "",
    "slow": "timed out",
    "busy": "HTTP 429",
    "broken": "HTTP 500",
    "page": "no answer of an OpenAI-compatible server",
    "torn": "unreachable, or broke off",
    "babble": "answer cannot be read",
    "partial": "answer cannot be read",
    "cut": "answer cut off",
    "ended": "answer cut off",
}
"""What the server does when a question names it, and how the suite counts that."""


def said(text: str) -> str:
    return json.dumps({"kind": "say", "say": text, "steps": []})


def planned(goal: str, *values: str) -> str:
    inputs = [{"literal": value} for value in values]
    step = {"id": 1, "goal": goal, "inputs": inputs, "expects": ""}
    return json.dumps({"kind": "plan", "say": "", "steps": [step]})


class Double(BaseHTTPRequestHandler):
    """Plays a chat model behind OpenAI's interface."""

    released = threading.Event()
    streams = False

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._send(200, json.dumps({"data": [{"id": "double"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self._send(404, "{}")
            return
        system, user = (message["content"] for message in body["messages"][:2])
        self.streams = bool(body.get("stream"))
        deed = next((name for name in DEEDS if f"({name})" in user), "")
        match deed:
            case "slow":
                self.released.wait(60)
            case "busy":
                self._send(429, json.dumps({"error": {"message": "slow down", "type": "rate"}}))
            case "broken":
                self._send(500, json.dumps({"error": {"message": "oops", "type": "server"}}))
            case "page":
                self._send(200, "<html>Please log in</html>", "text/html")
            case "torn":
                self._send(200, '{"id": "1", "choices": [', length=1000)
            case "cut" | "ended" if not system.startswith("You plan"):
                self._answer("It is 7", "length" if deed == "cut" else None)
            case _:
                self._answer(self._text(deed, user, system))

    def _text(self, deed: str, user: str, system: str) -> str:
        if not system.startswith("You plan"):
            return "7"
        if "(lesson)" in user:
            return planned("add {} and {}", "3", "4")
        answers = {
            "wrongly": said("8"),
            "babble": "I would rather talk about the weather.",
            "partial": said("7")[:20],
            "cut": planned("ponder {}", "(cut)"),
            "ended": planned("ponder {}", "(ended)"),
        }
        return answers.get(deed, said("The answer is 7."))

    def _answer(self, text: str, reason: str | None = "stop") -> None:
        """Whole, or as a stream; without a reason the answer just ends."""
        answer = {"id": "1", "object": "chat.completion", "created": 0, "model": "double"}
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "finish_reason": reason}
        if not self.streams:
            usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
            answer |= {"choices": [{**choice, "message": message}], "usage": usage}
            self._send(200, json.dumps(answer))
            return
        answer |= {"object": "chat.completion.chunk", "choices": [{**choice, "delta": message}]}
        end = "data: [DONE]\n\n" if reason else ""
        self._send(200, f"data: {json.dumps(answer)}\n\n{end}", "text/event-stream")

    def _send(
        self, code: int, text: str, kind: str = "application/json", length: int | None = None
    ) -> None:
        data = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True


@pytest.fixture
def address() -> Iterator[str]:
    Double.released.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Double) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        Double.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A question for every deed, two lessons, and a task of BIG-Bench Hard with one item."""
    folder = tmp_path / "data"
    maths, hard = folder / "gsm8k" / HOME, folder / "bbh" / "bbh"
    maths.mkdir(parents=True)
    hard.mkdir(parents=True)
    asked = [{"question": f"How many? ({name})", "answer": "3+4\n#### 7"} for name in DEEDS]
    lessons = [
        {"question": "Three and four? (lesson)", "answer": "#### 7"},
        {"question": "Five and four? (lesson)", "answer": "#### 9"},
        {"question": "And then? (busy)", "answer": "#### 9"},
    ]
    for part, rows in (("test", asked), ("train", lessons)):
        (maths / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    item = {"input": "How many fruits?", "target": "7"}
    (hard / "object_counting.json").write_text(json.dumps({"canary": "x", "examples": [item]}))
    return folder


def test_every_deed_is_counted_by_its_name(address: str, data: Path, tmp_path: Path) -> None:
    loaded = load(data, {})
    settings = Settings.load(state_dir=tmp_path / "state", model=address, ask_seconds=3)
    assert ENDPOINT.skips(settings) == ""
    results = tmp_path / "results"
    with open_model(address, settings) as model, Sandbox.open() as sandbox:
        bench = Bench(model, settings, sandbox=sandbox, embedder=HashEmbedder())
        asked = Asked(model=address, arms=("none", "grown"))
        summary = run_suite(ENDPOINT, loaded, bench, asked, results)
    records = Journal(results).records()
    deeds = {name: number for number, name in enumerate(DEEDS, 1)}
    for name, number in deeds.items():
        record = records[Key("none", 0, f"gsm8k-test-{number:04}")]
        assert deed(record) == DEEDS[name], (name, record.note)
        assert record.score == (1.0 if name == "well" else None if record.status == "error" else 0)
        if DEEDS[name]:
            assert record.status in ("error", "garbage")
    assert records[Key("none", 0, "object_counting-001")].score == 1
    none = summary.arms[0]
    assert none.statuses == {"scored": 3, "budget": 0, "timeout": 0, "garbage": 4, "error": 5}
    (table,) = summary.tables
    assert ("none", "timed out", 1) in table.rows
    assert ("none", "HTTP 429", 1) in table.rows
    studied = read_json(results / "study-grown-0.json", Study)
    assert (studied.asked, studied.right, studied.errors) == (3, 1, 1)
    assert len(studied.skills) == 1
    assert studied.skills[0].startswith("trajectory-")
