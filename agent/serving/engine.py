"""vLLM's engine core in a thread of the API server instead of in processes of its own.

Stock vLLM starts an engine process and a worker process on the CPU, each importing everything
anew: 38 s until ready, against 8 s in one process. For one small model the other processes buy
nothing. Only the client between `AsyncLLM` and the engine core is ours; both ends are stock.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vllm.config import VllmConfig
from vllm.v1.engine import EngineCoreOutputs, EngineCoreRequest
from vllm.v1.engine import core_client as vllm_clients
from vllm.v1.engine.core import EngineCore
from vllm.v1.executor import Executor


@dataclass
class Liveness:
    """The part of vLLM's client resources that `AsyncLLM` looks at."""

    engine_dead: bool = False


class ThreadedClient(vllm_clients.AsyncMPClient):  # type: ignore[misc]
    """An `AsyncMPClient` whose engine core runs in a thread: queues take the place of sockets."""

    def __init__(
        self, vllm_config: VllmConfig, executor_class: type[Executor], log_stats: bool
    ) -> None:
        self.vllm_config = vllm_config
        self.client_index, self.client_count = 0, 1
        self.engine_ranks_managed = [0]
        self.core_engine = b"\0\0"
        self.core_engines = [self.core_engine]
        self.engines_running = False
        self.resources = Liveness()
        self._kv_event_sources: dict[int, object] = {}
        self._core = EngineCore(vllm_config, executor_class, log_stats)
        self._loop = asyncio.get_running_loop()
        self._commands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.outputs_queue: asyncio.Queue[EngineCoreOutputs | BaseException] = asyncio.Queue()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        """The engine's loop: commands first, then a step, for as long as there are requests."""
        try:
            while True:
                while not self._core.scheduler.has_requests() or not self._commands.empty():
                    command = self._commands.get()
                    if command is None:
                        return
                    command()
                outputs, executed = self._core.step_fn()
                self._core.post_step(executed)
                for output in (outputs or {}).values():
                    self._tell(output)
        except BaseException as error:
            self.resources.engine_dead = True
            self._tell(error)
            raise

    def _tell(self, output: EngineCoreOutputs | BaseException) -> None:
        self._loop.call_soon_threadsafe(self.outputs_queue.put_nowait, output)

    async def get_output_async(self) -> EngineCoreOutputs:
        output = await self.outputs_queue.get()
        if isinstance(output, BaseException):
            raise output
        return output

    async def _call_utility_async(self, method: str, *args: Any, engine: bytes) -> Any:
        """Call a method of the engine core in its thread."""
        answer = self._loop.create_future()

        def settle(result: Any, error: Exception | None) -> None:
            if answer.cancelled():
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        def call() -> None:
            try:
                result = getattr(self._core, method)(*args)
            except Exception as error:  # noqa: BLE001 - raised where the call was made
                self._loop.call_soon_threadsafe(settle, None, error)
            else:
                self._loop.call_soon_threadsafe(settle, result, None)

        self._commands.put(call)
        return await answer

    async def add_request_async(self, request: EngineCoreRequest) -> None:
        request.client_index = self.client_index

        def add() -> None:
            prepared, wave = self._core.preprocess_add_request(request)
            self._core.add_request(prepared, wave)

        self._commands.put(add)

    async def abort_requests_async(self, request_ids: list[str]) -> None:
        if request_ids:
            self._commands.put(lambda: self._core.abort_requests(request_ids))

    def shutdown(self, timeout: float | None = None) -> None:
        """Stop the thread; what the engine holds goes with the process."""
        self._commands.put(None)
        self._thread.join(timeout or 5.0)


def run_engine_in_thread() -> None:
    """From now on `AsyncLLM` of this process gets a `ThreadedClient`."""

    def make(
        vllm_config: VllmConfig,
        executor_class: type[Executor],
        log_stats: bool,
        **_: object,
    ) -> ThreadedClient:
        return ThreadedClient(vllm_config, executor_class, log_stats)

    vllm_clients.EngineCoreClient.make_async_mp_client = staticmethod(make)
