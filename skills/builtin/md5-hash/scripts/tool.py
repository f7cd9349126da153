import hashlib


def md5_hash(text: str) -> str:
    """Compute the MD5 hash of a text.

    Args:
        text: The text to hash.
    """
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
