import codecs


def rot13(text: str) -> str:
    """Encode or decode a text with ROT13.

    Args:
        text: The text to encode or decode.
    """
    return codecs.encode(text, "rot13")
