import csv
import io


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _count(value: float, name: str) -> int:
    """The value as an int of at least 0."""
    whole = _whole(value, name)
    if whole < 0:
        raise ValueError(f"{name} must not be negative, not {value!r}")
    return whole


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


def _write_table(header: list[str], rows: list[list[str]]) -> str:
    """CSV text with a header line, without a line break at the end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue().rstrip("\n")


def first_rows(table: str, number: int) -> str:
    """Take the first few rows of a CSV table, with its header.

    Args:
        table: The table as CSV text with a header row.
        number: How many rows.
    """
    header, rows = _read_table(table)
    return _write_table(header, rows[: _count(number, "number")])
