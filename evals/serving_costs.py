"""How many times faster one system of the serving benchmark is than another, and where the rest goes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from skillweave.evals.serving_system import Run
from skillweave.skills.model import Frozen


class Ratio(Frozen):
    """How many times the tokens per second, round by round."""

    median: float
    least: float
    most: float
    cpu: float
    """The same in tokens per second of CPU time."""


class Costs(Frozen):
    """What the CPU time of the plugin's answers goes into, in shares of it: medians of the rounds.

    A token needs only its own adapter, which is ``2 * rank / width`` of a square layer's work. The
    dense product computes those of all slots for all tokens of a batch, since the factors must come
    from memory anyway and one large product is faster than many small ones.
    """

    base: float
    """What vLLM without adapters takes for the same requests."""
    carrying: float
    """What vLLM takes more as soon as it could apply adapters, though no request asks for one."""
    arithmetic: float
    """The adapters' products, and putting factors side by side for them."""
    rest: float
    """Loading, slots, and batches that are smaller when requests wait for a slot."""


def ratio(ours: Sequence[Run], theirs: Sequence[Run]) -> Ratio:
    """How many times faster ``ours`` is."""
    pairs = list(zip(ours, theirs, strict=True))
    clock = [other.seconds / own.seconds for own, other in pairs]
    return Ratio(
        median=round(statistics.median(clock), 3),
        least=round(min(clock), 3),
        most=round(max(clock), 3),
        cpu=round(
            statistics.median(other.cpu_seconds / own.cpu_seconds for own, other in pairs), 3
        ),
    )


def costs(plugin: Sequence[Run], idle: Sequence[Run], base: Sequence[Run]) -> Costs:
    """Where the plugin's time goes, from the same requests with adapters, without, and on base vLLM."""
    rounds = list(zip(plugin, idle, base, strict=True))

    def share(part: Sequence[float]) -> float:
        pairs = zip(part, plugin, strict=True)
        return statistics.median(seconds / run.cpu_seconds for seconds, run in pairs)

    alone = share([b.cpu_seconds for _, _, b in rounds])
    carrying = share([i.cpu_seconds - b.cpu_seconds for _, i, b in rounds])
    # Without a request for an adapter the layers only look whether there is one: that is no product.
    products = share([p.adapter_seconds - i.adapter_seconds for p, i, _ in rounds])
    return Costs(
        base=round(alone, 3),
        carrying=round(carrying, 3),
        arithmetic=round(products, 3),
        rest=round(1 - alone - carrying - products, 3),
    )
