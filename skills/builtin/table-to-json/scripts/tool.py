import csv
import io
import json


def _read_table(table: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of CSV text whose first line names the columns."""
    lines = [row for row in csv.reader(io.StringIO(table.strip()), skipinitialspace=True) if row]
    if not lines:
        raise ValueError("the table is empty; its first line must name the columns")
    header, rows = [name.strip() for name in lines[0]], lines[1:]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells, the header has {len(header)}")
    return header, [[cell.strip() for cell in row] for row in rows]


def table_to_json(table: str) -> str:
    """Convert a CSV table to JSON: a list of objects, one for each row.

    Args:
        table: The table as CSV text with a header row.
    """
    header, rows = _read_table(table)
    return json.dumps([dict(zip(header, row, strict=True)) for row in rows], ensure_ascii=False)
