_MORSE_LETTERS = dict(
    zip(
        ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- "
        ".-- -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. "
        ".-.-.- --..-- ..--..".split(),
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?",
        strict=True,
    )
)


def morse_decode(morse: str) -> str:
    """Read Morse code (dots and dashes) as text.

    Args:
        morse: The Morse code, letters parted by blanks and words by /.
    """
    words: list[str] = []
    for word in morse.replace("\u2212", "-").replace("\u2013", "-").split("/"):
        unknown = [sign for sign in word.split() if sign not in _MORSE_LETTERS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not a Morse sign")
        words.append("".join(_MORSE_LETTERS[sign] for sign in word.split()))
    return " ".join(words).strip()
