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


def json_minify(json_text: str) -> str:
    """Remove blanks and line breaks from JSON.

    Args:
        json_text: The JSON text.
    """
    return json.dumps(_load_json(json_text), separators=(",", ":"), ensure_ascii=False)
