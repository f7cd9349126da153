import csv
import io
import math
import re


def _tidy(value: float) -> float:
    """A whole number as int, any other without the noise of binary floating point."""
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise ValueError("the result is too large")
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


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


def _column(header: list[str], column: str) -> int:
    """The position of a column, found by its name without regard to case."""
    names = [name.casefold() for name in header]
    if column.strip().casefold() not in names:
        raise ValueError(f"there is no column {column!r}; the columns are {', '.join(header)}")
    return names.index(column.strip().casefold())


def _cell_number(cell: str) -> float:
    """The number in a cell; signs of currency, per cent and thousands commas are ignored."""
    try:
        return float(re.sub(r"[$\u20ac\u00a3%,\s]", "", cell))
    except ValueError:
        raise ValueError(f"the cell {cell!r} is not a number") from None


def column_maximum(table: str, column: str) -> float:
    """Find the largest number in one column of a CSV table.

    Args:
        table: The table as CSV text with a header row.
        column: The name of the column.
    """
    header, rows = _read_table(table)
    place = _column(header, column)
    values = [_cell_number(row[place]) for row in rows if row[place]]
    if not values:
        raise ValueError(f"the column {column!r} has no numbers")
    return _tidy(max(values))
