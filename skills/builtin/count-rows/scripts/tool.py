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


def count_rows(table: str) -> int:
    """Count the rows of a CSV table, without its header.

    Args:
        table: The table as CSV text with a header row.
    """
    return len(_read_table(table)[1])
