def count_letter(text: str, letter: str) -> int:
    """Count how many times one given letter or character appears in a text.

    Args:
        text: The text to look through.
        letter: The one letter to count.
    """
    if len(letter) != 1:
        raise ValueError(f"letter must be one character, not {letter!r}")
    return text.casefold().count(letter.casefold())
