import unicodedata


def remove_punctuation(text: str) -> str:
    """Remove punctuation marks and symbols from a text.

    Args:
        text: The text that loses its punctuation.
    """
    return "".join(c for c in text if unicodedata.category(c)[0] not in "PS")
