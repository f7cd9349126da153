import re
import unicodedata


def slugify(text: str) -> str:
    """Turn a title into a URL slug: small letters and digits joined by hyphens.

    Args:
        text: The title to turn into a slug.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower().replace("'", "")))
