import base64


def base64_encode(text: str) -> str:
    """Encode a text as Base64.

    Args:
        text: The text to encode.
    """
    return base64.b64encode(text.encode()).decode()
