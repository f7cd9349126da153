import base64
import binascii


def base64_decode(encoded: str) -> str:
    """Decode a Base64 string to text.

    Args:
        encoded: The Base64 string.
    """
    compact = "".join(encoded.split()).rstrip("=")
    try:
        raw = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
        return raw.decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError(f"{encoded!r} is not the Base64 of a text") from None
