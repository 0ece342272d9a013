"""Horse names for matching: "O'Brien (IRE)" and "OBRIEN" are one. The name as printed is kept beside the key."""

import re
import unicodedata

_COUNTRY = re.compile(r"\s*\(([A-Za-z]{2,3})\)\s*$", re.ASCII)
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def split_country(name: str) -> tuple[str, str]:
    """The name without its country suffix, and the suffix in capitals, or nothing."""
    match = _COUNTRY.search(name)
    if match is None or match.start() == 0:
        return name.strip(), ""
    return name[: match.start()].strip(), match[1].upper()


def name_key(name: str) -> str:
    """The name in capitals, letters and digits only, without accents and country suffix."""
    bare, _ = split_country(name)
    plain = _without_accents(bare).casefold().translate(_LETTERS)
    key = "".join(sign for sign in plain if sign.isalnum())
    return unicodedata.normalize("NFC", key or bare.casefold()).upper()


def _without_accents(text: str) -> str:
    """Accents of Latin letters only: what Unicode calls a mark makes another letter elsewhere (Japanese)."""
    kept: list[str] = []
    latin = False
    for sign in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(sign) == 0:
            latin = unicodedata.name(sign, "").startswith("LATIN")
        elif latin:
            continue
        kept.append(sign)
    return unicodedata.normalize("NFC", "".join(kept))
