"""Gates: what one is, how it is registered, and how it is found.

A gate is a pure function that gives every token a weight for every adapter of a mix. It is one
small file: the function and the decorator `gate`. Options are keyword-only parameters with a
default, and the decorator names the range of each, so that a mix expression can be checked before
anything is loaded.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skillweave.skills.errors import UserError
from skillweave.skills.names import NAME_RULE, is_name

if TYPE_CHECKING:
    from torch import Tensor

MAX_ADAPTERS: Final = 32
"""The most adapters in one mix."""
ENTRY_POINTS: Final = "skillweave.gates"
"""Group of entry points whose modules register gates of other distributions."""

_GATES: Final[dict[str, Gate]] = {}


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a gate."""

    default: float
    low: float
    high: float
    whole: bool

    def accepts(self, value: float) -> bool:
        """Whether the value may be given."""
        whole = not self.whole or (math.isfinite(value) and value == int(value))
        return whole and self.low <= value <= self.high

    @property
    def rule(self) -> str:
        """What may be given, for an error message."""
        kind = "whole number" if self.whole else "number"
        return f"a {kind} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Gate:
    """A registered gate."""

    name: str
    function: Callable[..., Tensor]
    options: Mapping[str, Option]
    needs_prototypes: bool
    """Whether the values of the prototypes matter; if not, only their number does."""

    def __call__(
        self,
        hidden: Tensor,
        prototypes: Tensor,
        options: Mapping[str, float] = MappingProxyType({}),
    ) -> Tensor:
        """The weights ``[tokens, k]`` for ``hidden [tokens, in]`` and ``prototypes [k, in]``.

        Options that are not given have their defaults. The values are not checked again.
        """
        given = {
            name: int(value) if option.whole else value
            for name, option in self.options.items()
            for value in [options.get(name, option.default)]
        }
        return self.function(hidden, prototypes, **given)


def gate(
    name: str,
    *,
    needs_prototypes: bool = True,
    limits: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register a function ``(hidden, prototypes, *, option=default, ...) -> Tensor`` as a gate.

    ``hidden`` is ``[tokens, in]``, ``prototypes`` ``[k, in]``, the result ``[tokens, k]`` in the
    type of the prototypes. The function must treat adapters alike: to permute the prototypes
    permutes the columns of the result and does nothing else. Shapes must not depend on values
    (the function is captured in CUDA graphs).

    Raises:
        TypeError: the name, the signature or a range is wrong, or the name is taken.
    """

    def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        if not is_name(name):
            raise TypeError(f"gate {name!r}: not a name; {NAME_RULE}")
        if name in _GATES:
            raise TypeError(f"gate {name!r} is registered twice")
        options = _options(name, function, limits)
        _GATES[name] = Gate(name, function, MappingProxyType(options), needs_prototypes)
        return function

    return register


def get(name: str) -> Gate:
    """The gate of that name; UserError when there is none."""
    found = find(name)
    if found is None:
        raise UserError(f"no gate is called {name!r}; there are: {', '.join(names())}")
    return found


def find(name: str) -> Gate | None:
    """The gate of that name, if there is one."""
    if name not in _GATES:
        _load_third_parties()
    return _GATES.get(name)


def names() -> tuple[str, ...]:
    """Names of all gates, sorted."""
    _load_third_parties()
    return tuple(sorted(_GATES))


def _options(
    name: str, function: Callable[..., Tensor], limits: Mapping[str, tuple[float, float]]
) -> dict[str, Option]:
    signature = inspect.signature(function)
    first, rest = list(signature.parameters.values())[:2], signature.parameters
    if [p.name for p in first] != ["hidden", "prototypes"] or any(
        p.kind is not p.POSITIONAL_OR_KEYWORD or p.default is not p.empty for p in first
    ):
        raise TypeError(f"gate {name!r}: the first parameters must be (hidden, prototypes)")
    options = {}
    for parameter in list(rest.values())[2:]:
        default = parameter.default
        if parameter.kind is not parameter.KEYWORD_ONLY or type(default) not in (int, float):
            raise TypeError(
                f"gate {name!r}: option {parameter.name!r} must be keyword-only with a number as default"
            )
        if parameter.name not in limits:
            raise TypeError(f"gate {name!r}: limits lack the option {parameter.name!r}")
        option = Option(default, *limits[parameter.name], whole=type(default) is int)
        if not option.accepts(default):
            raise TypeError(f"gate {name!r}: {parameter.name}={default} is not {option.rule}")
        options[parameter.name] = option
    if strangers := sorted(set(limits) - set(options)):
        raise TypeError(f"gate {name!r}: limits for {strangers}, which are no options")
    return options


@cache
def _load_third_parties() -> None:
    """Import the modules of other distributions that register gates, once; one that fails warns."""
    for point in entry_points(group=ENTRY_POINTS):
        try:
            point.load()
        except Exception as error:  # noqa: BLE001 - a stranger's module may raise anything
            warnings.warn(f"gate {point.name} ({point.value}) left out: {error}", stacklevel=2)
