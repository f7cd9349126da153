def remove_text(text: str, unwanted: str) -> str:
    """Delete every occurrence of a given word, letter or phrase from a text.

    Args:
        text: The text to change.
        unwanted: What is deleted, exactly as it is written.
    """
    if not unwanted:
        raise ValueError("unwanted must not be empty")
    return text.replace(unwanted, "")
