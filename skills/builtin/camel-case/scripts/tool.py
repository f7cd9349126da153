import re


def camel_case(text: str) -> str:
    """Write a name in camelCase: words joined with inner capitals.

    Args:
        text: The name or phrase to rewrite.
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    words = [word.lower() for word in re.findall(r"[^\W_]+", parted)]
    return "".join(words[:1] + [word.capitalize() for word in words[1:]])
