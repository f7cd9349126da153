import unicodedata


def remove_vowels(text: str) -> str:
    """Remove all vowels (a, e, i, o, u) from a text.

    Args:
        text: The text that loses its vowels.
    """
    return "".join(c for c in text if unicodedata.normalize("NFD", c)[0] not in "aeiouAEIOU")
