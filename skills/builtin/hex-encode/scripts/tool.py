def hex_encode(text: str) -> str:
    """Write the bytes of a text as hexadecimal digits.

    Args:
        text: The text to encode.
    """
    return text.encode().hex()
