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


def is_valid_json(text: str) -> bool:
    """Check whether a text is valid JSON.

    Args:
        text: The text to check.
    """
    try:
        _load_json(text)
    except (ValueError, RecursionError):
        return False
    return True
