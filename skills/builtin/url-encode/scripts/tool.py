from urllib.parse import quote


def url_encode(text: str) -> str:
    """Percent-encode a text for use in a URL.

    Args:
        text: The text to encode.
    """
    return quote(text, safe="")
