def count_lines(text: str) -> int:
    """Count how many lines a text has.

    Args:
        text: The text whose lines are counted.
    """
    return len(text.splitlines())
