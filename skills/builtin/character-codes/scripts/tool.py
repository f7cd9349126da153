def character_codes(text: str) -> list[int]:
    """List the code numbers of the characters of a text.

    Args:
        text: The text whose codes are listed.
    """
    return [ord(character) for character in text]
