def contains_text(text: str, phrase: str) -> bool:
    """Check whether a text contains a given word or phrase.

    Args:
        text: The text to search.
        phrase: The word or phrase to look for.
    """
    return phrase.casefold() in text.casefold()
