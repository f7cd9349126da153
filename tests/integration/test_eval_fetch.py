"""`skillweave eval fetch` against an HTTP server on loopback: right, missing, altered, unreachable."""

from __future__ import annotations

import functools
import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.evals import cli
from skillweave.evals.fetch import FetchError, Source, fetch, load_sources
from skillweave.evals.sources import data_folder
from skillweave.evals.suites.bfcl import SUMS

CONTENT = {
    "LICENSE": b"\nMIT License\n\nDo as you like.\n",
    "data/a.txt": b"one\ntwo\n",
    "data/deep/b.bin": bytes(range(256)) * 1000,
}
SOURCE = Source(
    name="things",
    repository="someone/things",
    commit="0123456789abcdef",
    licence="MIT",
    about="things",
    roots={"data/": "inner/folder/"},
    files={name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()},
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing; counts what it was asked for."""

    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        self.asked.append(self.path)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """The address of a server, its folder, and the paths it was asked for."""
    root = tmp_path / "served"
    for name, content in CONTENT.items():
        path = root / "things" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    asked: list[str] = []
    handler = type("Counting", (Quiet,), {"asked": asked})
    serving = functools.partial(handler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serving) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", root, asked
        server.shutdown()
        thread.join()


def left_over(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_files_are_fetched_once(served: tuple[str, Path, list[str]], tmp_path: Path) -> None:
    url, _, asked = served
    into = tmp_path / "data"
    found = fetch(SOURCE, into, mirror=url)
    assert (found.fetched, found.present) == (3, 0)
    assert found.licence == CONTENT["LICENSE"].decode()
    for name, content in CONTENT.items():
        assert (into / "things" / name).read_bytes() == content
    assert left_over(into) == sorted(f"things/{name}" for name in CONTENT)
    assert len(asked) == 3
    (into / "things" / "data/a.txt").write_bytes(b"altered since")
    again = fetch(SOURCE, into, mirror=url)
    assert (again.fetched, again.present, len(asked)) == (1, 2, 4)


def test_what_is_missing_or_altered_is_not_kept(
    served: tuple[str, Path, list[str]], tmp_path: Path
) -> None:
    url, root, _ = served
    (root / "things" / "data/a.txt").write_bytes(b"something else")
    with pytest.raises(FetchError, match=r"a\.txt: sha256 is .* not .* was not kept"):
        fetch(SOURCE, tmp_path / "data", mirror=url)
    (root / "things" / "data/a.txt").unlink()
    with pytest.raises(FetchError, match=r"a\.txt: the server says 404 .*SKILLWEAVE_DATA"):
        fetch(SOURCE, tmp_path / "data", mirror=url)
    assert left_over(tmp_path / "data") == ["things/LICENSE"]


def test_without_a_network_one_line_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(FetchError) as caught:
        fetch(SOURCE, tmp_path, mirror=f"http://127.0.0.1:{port}")
    said = str(caught.value)
    assert "cannot be reached (ConnectError" in said
    assert "copy someone/things to a folder things" in said
    assert "\n" not in said
    assert not left_over(tmp_path)


def test_a_server_that_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(FetchError, match=r"cannot be reached \(ReadTimeout"):
            fetch(SOURCE, tmp_path, mirror=mirror, seconds=0.2)


def test_addresses_name_the_commit() -> None:
    there = "https://raw.githubusercontent.com/someone/things/0123456789abcdef"
    assert SOURCE.address("data/a.txt") == f"{there}/inner/folder/a.txt"
    assert SOURCE.address("LICENSE") == f"{there}/LICENSE"


def test_the_command_shows_the_licence(
    served: tuple[str, Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _, _ = served
    monkeypatch.setattr("skillweave.evals.fetch.load_sources", lambda: {"things": SOURCE})
    monkeypatch.setenv("SKILLWEAVE_DATA", str(tmp_path / "data"))
    runner = CliRunner()
    listed = runner.invoke(cli.app, ["fetch"])
    assert "someone/things at 0123456789ab, licence MIT" in listed.stdout
    said = runner.invoke(cli.app, ["fetch", "things", "--mirror", url])
    assert said.exit_code == 0, said.output
    assert "3 files fetched, 0 already there" in said.stdout
    assert "licence MIT (MIT License)" in said.stdout
    wrong = runner.invoke(cli.app, ["fetch", "thing"])
    assert "there are no data 'thing'; there are things" in str(wrong.exception)


def test_fetched_data_are_found_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder(None) is None
    home = tmp_path / ".skillweave" / "data"
    home.mkdir(parents=True)
    assert data_folder(None) == home


def test_what_is_known_agrees_with_the_suites() -> None:
    sources = load_sources()
    assert all("LICENSE" in source.files for source in sources.values())
    by_name = {Path(file).name: digest for file, digest in sources["bfcl"].files.items()}
    for line in SUMS.read_text().splitlines():
        digest, name = line.split(maxsplit=1)
        # Questions and possible answers share their file names.
        assert digest in (by_name[Path(name).name], *sources["bfcl"].files.values())
