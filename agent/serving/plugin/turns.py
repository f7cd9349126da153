"""Whose turn it is when requests want more adapters than there are slots.

vLLM's scheduler skips a request whose adapter has no slot and admits later ones whose adapter has
one, so that a steady stream for the adapters in the slots keeps every other adapter waiting for
ever. Here an adapter may be passed over for as many requests as a batch holds. From then on the
adapter that has held its slot the longest gives way: its requests in progress are finished, its new
ones wait, and the slot that comes free goes to nobody but those who waited too long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence


class Turns:
    """Decides before every step of the scheduler which adapters may get new requests admitted."""

    def __init__(self, slots: int, patience: int) -> None:
        """An adapter lets ``patience`` requests pass by; ``slots`` adapters run at once."""
        self._slots = slots
        self._patience = patience
        self._holders: tuple[int, ...] = ()
        """The adapters with a slot, the one that has held it longest first."""
        self._passed: dict[int, int] = {}
        """Adapters that wait for a slot, and how many requests were admitted meanwhile."""
        self._open: frozenset[int] | None = None
        """The adapters that may go on; None for all."""

    def begin(self, running: Iterable[int], waiting: Callable[[], Iterable[int]]) -> None:
        """A step begins: the adapters of running requests and, called if needed, of waiting ones."""
        now = dict.fromkeys(running)
        kept = [adapter for adapter in self._holders if adapter in now]
        self._holders = tuple(dict.fromkeys([*kept, *now]))
        self._open = None
        if len(now) < self._slots and not self._passed:
            return
        self._passed = {a: self._passed.get(a, 0) for a in waiting() if a not in now}
        late = [a for a, passed in self._passed.items() if passed >= self._patience]
        if late:
            free = self._slots - len(self._holders)
            due = late[: self._slots]
            stay = self._holders[max(0, len(due) - free) :]
            self._open = frozenset([*stay, *due])

    def holds_back(self, adapter: int) -> bool:
        """Whether new requests for an adapter have to wait in this step."""
        return self._open is not None and adapter not in self._open

    def admitted(self, adapters: Sequence[int]) -> None:
        """The step is over, and these are the adapters of the requests that it admitted."""
        for adapter in self._passed:
            self._passed[adapter] += len(adapters)
        for adapter in adapters:
            self._passed.pop(adapter, None)
