import json


def list_to_json(items: list[str]) -> str:
    """Write a list as a JSON array.

    Args:
        items: The list to write.
    """
    return json.dumps(items, ensure_ascii=False)
