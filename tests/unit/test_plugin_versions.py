"""A vLLM that is not what the plugin expects is left as it is, and one line says so."""

from __future__ import annotations

import inspect
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from skillweave.agent.serving import plugin
from skillweave.agent.serving.gate import GateMiddleware
from skillweave.agent.serving.plugin import install as hooks
from skillweave.agent.serving.plugin.versions import PATCH_POINTS, PatchPoint, problem


def as_expected(point: PatchPoint) -> object:
    """A function with the parameters that the patch point has."""

    def function() -> None: ...

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in point.parameters
    ]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return function


@pytest.mark.parametrize("version", ["0.31.0", "0.32.0+cpu", "0.32.1.dev3"])
def test_a_known_version(version: str) -> None:
    assert problem(version, as_expected) == ""


@pytest.mark.parametrize("version", ["0.33.0", "1.32.0", "0.3", "dev"])
def test_an_unknown_version(version: str) -> None:
    assert problem(version, as_expected) == (
        f"vLLM {version} is not among the releases it knows (0.31, 0.32)"
    )


@pytest.mark.parametrize("point", PATCH_POINTS, ids=lambda point: point.name)
def test_every_patch_point_is_looked_at(point: PatchPoint) -> None:
    def changed(other: PatchPoint) -> object:
        return as_expected(other) if other != point else lambda self, more: None

    def gone(other: PatchPoint) -> object:
        if other == point:
            raise AttributeError(f"no {point.name}")
        return as_expected(other)

    assert problem("0.32.0", changed) == (
        f"{point.module}.{point.name} of vLLM 0.32.0 takes (self, more)"
    )
    assert problem("0.32.0", gone) == (
        f"{point.module}.{point.name} of vLLM 0.32.0 cannot be used: no {point.name}"
    )


class TestInstall:
    @pytest.fixture(autouse=True)
    def without_vllm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(__version__="0.99.0"))
        monkeypatch.setitem(sys.modules, hooks.MIXIN, SimpleNamespace())

    def test_an_unknown_vllm_runs_as_it_is(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING, logger="vllm.skillweave"):
            assert not hooks.install()
        (record,) = caplog.records
        assert "vLLM runs as it is: vLLM 0.99.0 is not among the releases" in record.getMessage()
        assert "\n" not in record.getMessage()
        assert not hooks.installed()

    def test_an_error_does_not_keep_vllm_from_starting(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hooks, "problem", lambda version: "")
        monkeypatch.setattr(hooks, "_hook_in", {}.popitem)
        with caplog.at_level(logging.WARNING, logger="vllm.skillweave"):
            assert not hooks.install()
        assert "KeyError" in caplog.text

    def test_nothing_is_done_without_a_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(plugin.LIBRARY_VARIABLE, raising=False)
        monkeypatch.setattr(hooks, "install", pytest.fail)
        plugin.register()

    def test_with_one_it_is_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[bool] = []
        monkeypatch.setenv(plugin.LIBRARY_VARIABLE, "/library")
        monkeypatch.setattr(hooks, "install", lambda: calls.append(True))
        plugin.register()
        assert calls == [True]


@pytest.mark.parametrize("ours", [False, True])
async def test_the_gate_stands_open_only_for_the_plugin(
    ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests are kept apart by their bodies; behind an open gate nobody reads them."""
    manager = type("WorkerManager", (), {"__module__": "skillweave.x" if ours else "vllm.x"})
    mixin = SimpleNamespace(LRUCacheWorkerLoRAManager=manager)
    monkeypatch.setitem(sys.modules, hooks.MIXIN, mixin)
    reads: list[int] = []

    async def receive() -> dict[str, Any]:
        reads.append(1)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    state = SimpleNamespace(args=SimpleNamespace(served_model_name=["nano"]))
    scope = {"type": "http", "path": "/v1/completions", "app": SimpleNamespace(state=state)}
    await GateMiddleware(app)(scope, receive, app)  # type: ignore[arg-type]
    assert bool(reads) is not ours
