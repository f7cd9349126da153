"""A fixed number of workers, started when first needed and replaced when they die."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from skillweave.skills.errors import SandboxUnavailableError
from skillweave.skills.sandbox.lanes import Launch
from skillweave.skills.sandbox.process import Ending, WorkerDiedError, WorkerProcess
from skillweave.skills.sandbox.values import Limits


@dataclass
class _Slot:
    worker: WorkerProcess | None = None


class Pool:
    """Runs calls on free workers; a caller waits while all are busy. Thread-safe."""

    def __init__(self, launch: Callable[[], Launch], size: int) -> None:
        self._launch = launch
        self._slots = [_Slot() for _ in range(size)]
        self._free: queue.LifoQueue[_Slot] = queue.LifoQueue()
        for slot in self._slots:
            self._free.put(slot)
        self._spawner = ThreadPoolExecutor(1, thread_name_prefix="sandbox-spawner")
        self._state = threading.Lock()
        self._closed = False

    def call(self, request: bytes, limits: Limits) -> Ending:
        """Run one call. Raises `WorkerDiedError` when the worker died of it."""
        with self._slot() as slot:
            try:
                return self._attempt(slot, request, limits)
            except WorkerDiedError as death:
                if death.started:
                    raise
            return self._attempt(slot, request, limits)

    def worker(self) -> WorkerProcess:
        """Some worker, started if there is none."""
        with self._slot() as slot:
            return self._worker(slot)

    def pids(self) -> list[int]:
        """The processes that the pool has running."""
        return [worker.pid for slot in self._slots if (worker := slot.worker) is not None]

    def close(self) -> None:
        """End every worker, busy or not; returns when no process is left."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            for slot in self._slots:
                if (worker := slot.worker) is not None:
                    worker.kill()
        taken = [self._free.get() for _ in self._slots]
        for slot in taken:
            self._discard(slot)
            self._free.put(slot)  # who still waits for one is told that it is closed
        self._spawner.shutdown()

    @contextlib.contextmanager
    def _slot(self) -> Iterator[_Slot]:
        slot = self._free.get()
        try:
            yield slot
        finally:
            self._free.put(slot)

    def _attempt(self, slot: _Slot, request: bytes, limits: Limits) -> Ending:
        try:
            return self._worker(slot).call(request, limits)
        except BaseException:  # its next words would belong to this call
            self._discard(slot)
            raise

    def _worker(self, slot: _Slot) -> WorkerProcess:
        with self._state:
            if self._closed:
                raise SandboxUnavailableError("the sandbox is closed")
            if slot.worker is None:
                slot.worker = WorkerProcess.start(self._launch(), self._spawner)
            return slot.worker

    def _discard(self, slot: _Slot) -> None:
        if slot.worker is not None:
            slot.worker.kill()
            slot.worker.stop()
            slot.worker = None
