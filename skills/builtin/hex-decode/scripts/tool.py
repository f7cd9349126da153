def hex_decode(encoded: str) -> str:
    """Decode hexadecimal bytes to text.

    Args:
        encoded: The hexadecimal bytes.
    """
    try:
        return bytes.fromhex(encoded.strip().removeprefix("0x")).decode()
    except ValueError:
        raise ValueError(f"{encoded!r} is not the hex form of a text") from None
