"""Adapters that want a slot get one, however many requests come for those that have one."""

from __future__ import annotations

from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave.agent.serving.plugin.turns import Turns

SLOTS, PATIENCE, BATCH, STEPS = 2, 6, 4, 3


class Queue:
    """vLLM's way with adapters: first come, first served, who has no slot is skipped."""

    def __init__(self, patience: int) -> None:
        self.turns = Turns(SLOTS, patience)
        self.waiting: deque[int] = deque()
        self.running: list[list[int]] = []
        self.admitted: list[int] = []

    def step(self) -> None:
        self.turns.begin((a for a, _ in self.running), lambda: iter(self.waiting))
        slots = {adapter for adapter, _ in self.running}
        new, skipped = [], deque[int]()
        while self.waiting and len(self.running) < BATCH:
            adapter = self.waiting.popleft()
            full = len(slots) == SLOTS and adapter not in slots
            if full or self.turns.holds_back(adapter):
                skipped.append(adapter)
                continue
            slots.add(adapter)
            new.append(adapter)
            self.running.append([adapter, STEPS])
        self.waiting = skipped + self.waiting
        self.turns.admitted(new)
        self.admitted += new
        for request in self.running:
            request[1] -= 1
        self.running = [request for request in self.running if request[1]]


def stream(queue: Queue, popular: list[int], rare: int, steps: int) -> None:
    """A request for every popular adapter at each step; one for the rare one after a few."""
    for number in range(steps):
        queue.waiting.extend(popular)
        if number == 2:
            queue.waiting.append(rare)
        queue.step()


def test_without_turns_a_stream_keeps_another_adapter_out() -> None:
    queue = Queue(patience=10**9)
    stream(queue, [1, 2], 3, 200)
    assert 3 not in queue.admitted
    assert len(queue.admitted) > 200


def test_with_turns_it_waits_for_no_more_than_its_patience_and_a_batch() -> None:
    queue = Queue(PATIENCE)
    stream(queue, [1, 2], 3, 200)
    assert queue.admitted.count(3) == 1
    assert queue.admitted.index(3) <= 3 * BATCH + PATIENCE


def test_the_adapter_that_held_its_slot_longest_gives_way() -> None:
    turns = Turns(SLOTS, patience=2)
    turns.begin([7], list)
    turns.begin([7, 5], lambda: [3])
    turns.admitted([5, 7])
    turns.begin([5, 7], lambda: [3, 5, 7, 8])
    assert [adapter for adapter in (3, 5, 7, 8) if turns.holds_back(adapter)] == [7, 8]
    turns.begin([5], lambda: [3, 7, 8])
    assert [adapter for adapter in (3, 5, 7, 8) if turns.holds_back(adapter)] == [7, 8]
    turns.admitted([3])
    turns.begin([5, 3], lambda: [7])
    assert not turns.holds_back(7)


@pytest.mark.parametrize("waiting", [[], [3]])
def test_nobody_is_held_back_while_there_are_slots_or_patience(waiting: list[int]) -> None:
    turns = Turns(SLOTS, patience=2)
    for running in ([], [1], [1, 2], [1]):
        turns.begin(running, lambda: waiting)
        assert not any(turns.holds_back(adapter) for adapter in range(5))


def test_who_gave_up_waiting_holds_nobody_back() -> None:
    turns = Turns(SLOTS, patience=1)
    turns.begin([1, 2], lambda: [3])
    turns.admitted([1])
    turns.begin([1, 2], lambda: [3])
    assert turns.holds_back(1)
    turns.begin([1, 2], list)
    assert not turns.holds_back(1)


@given(st.lists(st.integers(1, 6), max_size=60), st.integers(1, 8))
def test_every_request_is_served_whatever_comes(wanted: list[int], patience: int) -> None:
    queue = Queue(patience)
    for adapter in wanted:
        queue.waiting.append(adapter)
        queue.step()
    for _ in range(STEPS * (len(wanted) + 2)):
        queue.step()
    assert Counter(queue.admitted) == Counter(wanted)
    assert not queue.waiting


@given(st.lists(st.integers(1, 6), min_size=40, max_size=120))
def test_no_adapter_waits_for_long_under_load(wanted: list[int]) -> None:
    """Once it waits, at most its patience, a batch for each adapter before it, and theirs pass it by."""
    queue = Queue(PATIENCE)
    passed: Counter[int] = Counter()
    for adapter in wanted:
        queue.waiting.append(adapter)
        before = len(queue.admitted)
        queue.step()
        new = queue.admitted[before:]
        for other in set(queue.waiting) - {each for each, _ in queue.running}:
            passed[other] += len(new)
        for other in [*new, *(each for each, _ in queue.running)]:
            passed.pop(other, None)
        assert max(passed.values(), default=0) <= PATIENCE + 6 * BATCH
