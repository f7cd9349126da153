import unicodedata


def count_consonants(text: str) -> int:
    """Count the letters of a text that are not vowels.

    Args:
        text: The text whose consonants are counted.
    """
    plain = unicodedata.normalize("NFD", text.lower())
    return sum(letter.isalpha() and letter not in "aeiou" for letter in plain)
