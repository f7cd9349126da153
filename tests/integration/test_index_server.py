"""The same library with its vectors on a real Chroma server (``chroma run``)."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from skillweave.agent.cli.app import app
from skillweave.agent.cli.options import Options
from skillweave.skills import UserError
from skillweave.store import HashEmbedder, Library


class ChromaServer:
    """A server process on a port of its own; its data outlives `stop`."""

    def __init__(self, data: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._data = data
        self.start()

    def start(self) -> None:
        command = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--path", str(self._data), "--port", str(self._port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while True:
            try:
                with urlopen(f"{self.url}/api/v2/heartbeat"):
                    return
            except OSError:
                assert self._process.poll() is None, "chroma run ended"
                assert time.monotonic() < deadline, "chroma run does not answer"
                time.sleep(0.1)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    started = ChromaServer(tmp_path / "server")
    yield started
    started.stop()


def opened(root: Path) -> Library:
    return Library(root, embedder=HashEmbedder(), builtin=False)


def guide(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    (path / "SKILL.md").write_text(
        f"---\nname: {name}\ndescription: {text}\n---\n\nAll of {text}.\n"
    )
    return path


def found(library: Library, query: str) -> dict[str, float]:
    return {hit.skill.name: round(hit.score, 5) for hit in library.search(query, k=50)}


def test_a_library_on_a_server(
    server: ChromaServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root, twin = tmp_path / "library", tmp_path / "twin"
    for place in (root, twin):
        with opened(place) as library:
            for number in range(6):
                library.add(guide(tmp_path, f"skill-{number}", f"topic {number}"), state="active")
    with opened(root) as library, opened(root) as other, opened(twin) as local:
        assert found(other, "topic 3") == found(local, "topic 3")
        assert library.move_index(server.url).skills == 6
        assert not (root / ".skillweave" / "chroma").exists()
        # Changes of all sorts, seen by whoever has the library open, as in a folder.
        for one in (library, local):
            one.add(guide(tmp_path, "skill-3", "something else"), state="active")
            one.archive("skill-4")
        for query in ("topic 3", "topic 4", "something else"):
            assert found(library, query) == found(other, query) == found(local, query)
        assert "skill-4" not in found(other, "topic 4")
        # Another library on the same server sees nothing of this one.
        assert local.move_index(server.url).skills == 6
        local.archive("skill-1")
        assert "skill-1" in found(library, "topic 1")
        assert library.check() == local.check() == []

    server.stop()
    with opened(root) as library:
        with pytest.raises(UserError, match="no index server answers; start it with"):
            library.search("topic")
        source = guide(tmp_path, "late", "topic of the late")
        with pytest.raises(UserError, match="no index server answers"):
            library.add(source, state="active")
        assert library.get("skill-1").description == "topic 1"

    server.start()
    with opened(root) as library:
        assert "late" in found(library, "topic of the late")
        before = found(library, "topic")
        server.stop()
        with pytest.raises(UserError, match="does not answer any more"):
            library.search("topic")
        server.start()
        assert found(library, "topic") == before
        library.rebuild()
        assert found(library, "topic") == before
        assert library.check() == []
        library.move_index(None)
        assert found(library, "topic") == before
    assert (root / ".skillweave" / "chroma").is_dir()
    assert "damaged" not in caplog.text


def test_a_server_that_lost_its_data(server: ChromaServer, tmp_path: Path) -> None:
    with opened(tmp_path / "library") as library:
        library.add(guide(tmp_path, "one", "topic one"), state="active")
        library.move_index(server.url)
        before = found(library, "topic")
        empty = ChromaServer(tmp_path / "empty")
        file = tmp_path / "library" / ".skillweave" / "server"
        file.write_text(file.read_text().replace(server.url, empty.url))
    with opened(tmp_path / "library") as library:
        assert found(library, "topic") == before
        empty.stop()
        with pytest.raises(UserError):
            library.search("topic")
        assert library.move_index(None).skills == 1
        assert found(library, "topic") == before


def test_the_command(server: ChromaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "library"
    monkeypatch.setattr(Options, "open_library", lambda options: opened(root))
    with opened(root) as library:
        library.add(guide(tmp_path, "one", "topic one"), state="active")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["library", "index", *arguments])
        return done.exit_code, (done.stdout or done.stderr).strip()

    assert run("--server", server.url) == (0, f"3 views of 1 skills now lie on {server.url}")
    assert (root / ".skillweave" / "server").read_text().startswith(server.url)
    assert run("--local") == (0, "3 views of 1 skills now lie in the folder")
    code, line = run("--server", "nowhere")
    assert (code, line) == (2, "error: 'nowhere' is no server; write it as http://HOST:PORT")
    code, line = run("--server", "http://127.0.0.1:9")
    assert code == 2
    assert line.startswith("error: http://127.0.0.1:9: no index server answers")
    assert run()[0] == 2
    with opened(root) as library:
        assert found(library, "topic").keys() == {"one"}


def test_nothing_is_logged_by_a_plain_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), opened(tmp_path / "library") as library:
        library.search("anything")
    assert caplog.records == []
