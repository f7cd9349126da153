def sort_letters(text: str) -> str:
    """Sort the letters of a word alphabetically.

    Args:
        text: The word whose letters are sorted.
    """
    return "".join(sorted(text, key=str.casefold))
