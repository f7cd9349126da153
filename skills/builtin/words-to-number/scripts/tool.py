import re

_WORD_ONES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_WORD_TENS = {
    word: value * 10
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_WORD_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def words_to_number(words: str) -> int:
    """Read a number that is written out in English words.

    Args:
        words: The number in English words.
    """
    parts = [word for word in re.findall(r"[a-z]+", words.lower()) if word not in ("and", "a")]
    negative = bool(parts) and parts[0] in ("minus", "negative")
    parts = parts[1:] if negative else parts
    if not parts:
        raise ValueError("there are no number words")
    total, group = 0, 0
    for word in parts:
        if word in _WORD_ONES or word in _WORD_TENS:
            group += _WORD_ONES.get(word, 0) + _WORD_TENS.get(word, 0)
        elif word == "hundred":
            group = max(group, 1) * 100
        elif word in _WORD_SCALES:
            total, group = total + max(group, 1) * _WORD_SCALES[word], 0
        else:
            raise ValueError(f"{word!r} is not a number word")
    return -(total + group) if negative else total + group
