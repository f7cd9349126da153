import unicodedata


def count_vowels(text: str) -> int:
    """Count the vowels (a, e, i, o, u) in a text.

    Args:
        text: The text whose vowels are counted.
    """
    return sum(letter in "aeiou" for letter in unicodedata.normalize("NFD", text.lower()))
