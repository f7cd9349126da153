"""What the server tells Prometheus of every adapter, at ``/metrics``.

The label ``adapter`` has a bounded number of values. The first `NAMES` skills that are asked for get
a label of their own, their name without the version, and keep it, so that no counter ever goes down;
every further one counts as ``(other)``. All mixes are ``(mix)``, requests without adapter are
``(base)``: no skill has a name with parentheses.

The scheduler and the workers count. Where these run in other processes than the HTTP server, as on
a GPU, ``PROMETHEUS_MULTIPROC_DIR`` must name an empty folder when the server starts; with several
workers each counts its own loads, and none is known to the scheduler, so that all requests are hits.
"""

from __future__ import annotations

import re
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Summary

NAMES = 64
KEPT = 1024
"""Loads that no request has followed yet, as when one was refused."""
BASE, MIX, OTHER = "(base)", "(mix)", "(other)"
_SINGLE = re.compile(r"([a-z0-9-]+)(@[0-9a-f]+)?")


class Labels:
    """Gives every adapter its label."""

    def __init__(self, limit: int = NAMES) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def of(self, adapter: str) -> str:
        """The label of a versioned name or a mix; of the base model for an empty one."""
        if not adapter:
            return BASE
        single = _SINGLE.fullmatch(adapter)
        if single is None:
            return MIX
        if single[1] not in self._known and len(self._known) >= self._limit:
            return OTHER
        self._known.add(single[1])
        return single[1]


class Meter:
    """The counters of one process."""

    def __init__(self, registry: CollectorRegistry = REGISTRY, limit: int = NAMES) -> None:
        self._labels = Labels(limit)
        self._fresh: set[str] = set()
        """What was loaded since it was last asked for: by the request that comes next."""

        def counter(name: str, text: str, *labels: str) -> Counter:
            name = f"skillweave_adapter_{name}"
            return Counter(name, text, ["adapter", *labels], registry=registry)

        self._requests = counter("requests", "Requests that came into a batch.")
        self._hits = counter("hits", "Requests whose adapter was in memory already.")
        self._loads = counter("loads", "Times an adapter was read, or a mix composed.")
        self._tokens = counter("tokens", "Tokens of requests that are over.", "kind")
        self._wait = Summary(
            "skillweave_adapter_wait_seconds",
            "From a request's arrival until it first came into a batch.",
            ["adapter"],
            registry=registry,
        )

    def began(self, adapter: str, waited: float) -> None:
        """A request came into a batch for the first time."""
        label = self._labels.of(adapter)
        self._requests.labels(label).inc()
        self._wait.labels(label).observe(max(0.0, waited))
        if adapter in self._fresh:
            self._fresh.discard(adapter)
        elif adapter:
            self._hits.labels(label).inc()

    def ended(self, adapter: str, prompt: int, generated: int) -> None:
        """A request is over, finished or not."""
        label = self._labels.of(adapter)
        self._tokens.labels(label, "prompt").inc(prompt)
        self._tokens.labels(label, "generated").inc(generated)

    def loaded(self, adapter: str) -> None:
        """An adapter was read or composed."""
        self._loads.labels(self._labels.of(adapter)).inc()
        if len(self._fresh) >= KEPT:
            self._fresh.clear()
        self._fresh.add(adapter)


@cache
def meter() -> Meter:
    """The one of this process."""
    return Meter()
