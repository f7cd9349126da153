_MORSE = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?",
        ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- "
        ".-- -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. "
        ".-.-.- --..-- ..--..".split(),
        strict=True,
    )
)


def morse_encode(text: str) -> str:
    """Write a text in Morse code.

    Args:
        text: The text to write in Morse code.
    """
    unknown = sorted({c for c in text.upper() if not c.isspace() and c not in _MORSE})
    if unknown:
        raise ValueError(f"there is no Morse code for {' '.join(unknown)}")
    return " / ".join(" ".join(_MORSE[c] for c in word) for word in text.upper().split())
