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


def table_to_markdown(table: str) -> str:
    """Convert a CSV table to a Markdown table.

    Args:
        table: The table as CSV text with a header row.
    """
    header, rows = _read_table(table)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
