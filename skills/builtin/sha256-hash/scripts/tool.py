import hashlib


def sha256_hash(text: str) -> str:
    """Compute the SHA-256 hash of a text.

    Args:
        text: The text to hash.
    """
    return hashlib.sha256(text.encode()).hexdigest()
