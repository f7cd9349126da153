import json
from typing import Any


def _load_json(json_text: str) -> Any:
    """The value of a JSON text; a ValueError says where it is broken."""
    try:
        return json.loads(json_text, parse_constant=_no_json)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"not valid JSON: {error.msg} at {where}") from None


def _no_json(name: str) -> None:
    """NaN and Infinity are Python's own, not JSON's."""
    raise ValueError(f"not valid JSON: {name} is not a JSON value")


def json_merge(first: str, second: str) -> str:
    """Merge two JSON objects into one.

    Args:
        first: A JSON object.
        second: The JSON object whose values win.
    """
    one, two = _load_json(first), _load_json(second)
    if not isinstance(one, dict) or not isinstance(two, dict):
        raise ValueError("both texts must be JSON objects")
    return json.dumps({**one, **two}, ensure_ascii=False)
