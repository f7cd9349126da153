"""A model that is made ready while its starter does something else."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from skillweave.agent import models
from skillweave.agent.models import ModelHandle, ScriptedModel, start_model
from skillweave.agent.settings import Settings
from skillweave.skills.errors import SettingsError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(state_dir=tmp_path / "state")


class TestStartedBeside:
    """`start_model`: the caller goes on while the model is made ready."""

    class Closed(ScriptedModel):
        closed = False

        def close(self) -> None:
            self.closed = True

    @pytest.fixture
    def opening(self, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        """The model is ready once this is set."""
        event = threading.Event()

        async def wait(name: str, settings: Settings, on_phase: object) -> ModelHandle:
            while not event.is_set():  # noqa: ASYNC110  # it is set in another thread
                await asyncio.sleep(0.001)
            self.given.set()
            return self.model

        self.model = self.Closed(())
        self.given = threading.Event()
        monkeypatch.setattr(models, "aopen_model", wait)
        return event

    def test_waiting_gives_the_model_and_leaving_closes_it(
        self, opening: threading.Event, settings: Settings
    ) -> None:
        with start_model("nano", settings) as started:
            opening.set()
            assert started() is self.model
            assert not self.model.closed
        assert self.model.closed

    def test_a_model_nobody_waited_for_is_closed_too(
        self, opening: threading.Event, settings: Settings
    ) -> None:
        with start_model("nano", settings):
            opening.set()
            assert self.given.wait(10)
        assert self.model.closed

    def test_leaving_before_it_is_ready_cancels_the_start(
        self, opening: threading.Event, settings: Settings
    ) -> None:
        with start_model("nano", settings):
            pass
        assert not opening.is_set()
        assert not self.model.closed

    def test_waiting_tells_why_it_failed(self, settings: Settings) -> None:
        with start_model("nothing", settings) as started, pytest.raises(SettingsError):
            started()
