import csv
import io


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


def _write_table(header: list[str], rows: list[list[str]]) -> str:
    """CSV text with a header line, without a line break at the end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue().rstrip("\n")


def drop_column(table: str, column: str) -> str:
    """Remove one column from a CSV table.

    Args:
        table: The table as CSV text with a header row.
        column: The name of the column that goes.
    """
    header, rows = _read_table(table)
    place = _column(header, column)
    if len(header) == 1:
        raise ValueError("the only column of a table cannot be removed")
    return _write_table(
        header[:place] + header[place + 1 :], [row[:place] + row[place + 1 :] for row in rows]
    )
