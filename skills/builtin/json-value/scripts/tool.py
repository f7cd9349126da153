import json
import re
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


def json_value(json_text: str, path: str) -> object:
    """Get the value at a key or path of JSON.

    Args:
        json_text: The JSON text.
        path: The key, or keys and list positions joined by dots; positions start at 0.
    """
    value = _load_json(json_text)
    for part in (p for p in re.split(r"[.\[\]]+", path.strip().lstrip("$")) if p):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise ValueError(f"there is no {part!r} in the JSON at {path!r}")
    return value
