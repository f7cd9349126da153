"""How the state of a run goes into checkpoints and comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Send
from pydantic import BaseModel

WIDE: Final = "msgpack, wide integers"
_MARK: Final = "integer in hexadecimal"
_MOST: Final = 2**63


class Checkpoints(JsonPlusSerializer):
    """LangGraph's serializer, for integers of any size: msgpack itself has 64 bits for them."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """See `JsonPlusSerializer`."""
        try:
            return super().dumps_typed(obj)
        except TypeError:
            kind, data = super().dumps_typed(_each(obj, _narrow))
            if kind != "msgpack":
                raise
            return WIDE, data

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """See `JsonPlusSerializer`."""
        kind, raw = data
        if kind != WIDE:
            return super().loads_typed(data)
        return _each(super().loads_typed(("msgpack", raw)), _widen)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with every part of it changed, from the outside in."""
    value = change(value)
    match value:
        case dict():
            return {key: _each(part, change) for key, part in value.items()}
        case list() | tuple():
            return type(value)(_each(part, change) for part in value)
        case Send():
            return Send(value.node, _each(value.arg, change))
        case BaseModel():
            parts = {name: _each(part, change) for name, part in value}
            return value.model_copy(update=parts)
        case _:
            return value


def _narrow(value: Any) -> Any:
    if isinstance(value, int) and not -_MOST <= value < _MOST:
        return {_MARK: f"{value:x}"}
    return value


def _widen(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {_MARK}:
        return int(value[_MARK], 16)
    return value
