def edit_distance(first: str, second: str) -> int:
    """Count the least number of letter changes (edit distance) that turn one word into another.

    Args:
        first: One word.
        second: The other word.
    """
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        last, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]
