from urllib.parse import unquote_plus


def url_decode(encoded: str) -> str:
    """Decode a percent-encoded URL text.

    Args:
        encoded: The percent-encoded text.
    """
    try:
        return unquote_plus(encoded, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"{encoded!r} is not percent-encoded text") from None
