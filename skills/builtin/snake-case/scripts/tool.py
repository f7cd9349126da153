import re


def snake_case(text: str) -> str:
    """Write a name in snake_case: small words joined by underscores.

    Args:
        text: The name or phrase to rewrite.
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return "_".join(re.findall(r"\w+", parted.replace("_", " "))).lower()
