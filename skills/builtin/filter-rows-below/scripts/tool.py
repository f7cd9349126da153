import csv
import io
import re


def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


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


def _write_table(header: list[str], rows: list[list[str]]) -> str:
    """CSV text with a header line, without a line break at the end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue().rstrip("\n")


def filter_rows_below(table: str, column: str, limit: float) -> str:
    """Keep only the rows of a CSV table whose number in a column is below a limit.

    Args:
        table: The table as CSV text with a header row.
        column: The column that is compared.
        limit: Rows below this stay.
    """
    header, rows = _read_table(table)
    place = _column(header, column)
    ceiling = _number(limit, "limit")
    kept = [row for row in rows if row[place] and _cell_number(row[place]) < ceiling]
    return _write_table(header, kept)
