import csv
import io
import json
from typing import Any


def _write_table(header: list[str], rows: list[list[str]]) -> str:
    """CSV text with a header line, without a line break at the end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue().rstrip("\n")


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


def json_to_table(json_text: str) -> str:
    """Convert a JSON list of objects to a CSV table with a header row.

    Args:
        json_text: The JSON text: a list of objects.
    """
    records = _load_json(json_text)
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise ValueError("the JSON must be a list of objects")
    header = list(dict.fromkeys(str(key) for record in records for key in record))
    if not header:
        raise ValueError("the objects have no keys")
    rows = [["" if r.get(k) is None else str(r[k]) for k in header] for r in records]
    return _write_table(header, rows)
