"""vLLM's scheduler: adapters take turns (`turns`), and requests are counted (`meter`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from skillweave.agent.serving.plugin.meter import meter
from skillweave.agent.serving.plugin.turns import Turns

Method = Callable[..., Any]


def take_turns(scheduler: Any) -> None:
    """Put `Turns` and the meter around three methods of vLLM's class ``Scheduler``."""
    scheduler.schedule = _scheduling(scheduler.schedule)
    scheduler._handle_blocked_waiting_request = _checking(  # noqa: SLF001
        scheduler._handle_blocked_waiting_request  # noqa: SLF001
    )
    scheduler._free_request = _freeing(scheduler._free_request)  # noqa: SLF001


def _scheduling(stock: Method) -> Method:
    """A step, told to the turns before and after."""

    @wraps(stock)
    def schedule(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not self.lora_config:
            return stock(self, *args, **kwargs)
        turns = _turns(self)
        turns.begin(_adapters(self.running), lambda: _adapters(_ready(self.waiting)))
        output = stock(self, *args, **kwargs)
        new = [self.requests[data.req_id] for data in output.scheduled_new_reqs]
        turns.admitted(list(_adapters(new)))
        for request in new:
            if not request.num_preemptions:
                meter().began(_name(request), time.time() - request.arrival_time)
        return output

    return schedule


def _checking(stock: Method) -> Method:
    """Whether a waiting request may be admitted. One that is held back keeps its place."""

    @wraps(stock)
    def check(self: Any, request: Any) -> bool:
        ready = bool(stock(self, request))
        if not ready or not request.lora_request or request.num_preemptions:
            return ready
        return not _turns(self).holds_back(request.lora_request.lora_int_id)

    return check


def _freeing(stock: Method) -> Method:
    """The end of a request."""

    @wraps(stock)
    def free(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        meter().ended(_name(request), request.num_prompt_tokens, request.num_output_tokens)
        return stock(self, request, *args, **kwargs)

    return free


def _turns(scheduler: Any) -> Turns:
    """Those of one scheduler."""
    turns: Turns | None = vars(scheduler).get("skillweave_turns")
    if turns is None:
        turns = Turns(scheduler.lora_config.max_loras, scheduler.max_num_running_reqs)
        scheduler.skillweave_turns = turns
    return turns


def _adapters(requests: Iterable[Any]) -> Iterator[int]:
    """The number of each request's adapter, requests to the base model left out."""
    return (request.lora_request.lora_int_id for request in requests if request.lora_request)


def _ready(waiting: Iterable[Any]) -> Iterator[Any]:
    """Waiting requests that nothing but a slot can be missing."""
    return (request for request in waiting if request.status.name == "WAITING")


def _name(request: Any) -> str:
    return str(request.lora_request.lora_name) if request.lora_request else ""
