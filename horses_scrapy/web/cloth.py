"""The colour of a saddle cloth, as a CSS class of static/cloth.css. Pure.

North American gallops: the colours that all tracks there use, to 20 for the Kentucky Derby. Harness: 71 Indiana Admin. Code
7-3-33, to 12. Elsewhere a cloth's colour is the meeting's affair, and no source tells it: neutral.
"""

from types import MappingProxyType

NEUTRAL = "neutral"
_GALLOPS = (
    "red", "white", "blue", "yellow", "green", "black", "orange", "pink", "turquoise", "purple",
    "grey", "lime", "brown", "maroon", "khaki", "copper", "navy", "forest", "moonstone", "fuchsia",
)  # fmt: skip
_HARNESS = (
    "red", "blue", "white", "green", "black", "yellow", "pink", "grey", "purple", "bluered", "sky", "redwhite",
)  # fmt: skip
COLOURS = MappingProxyType({"gallops": dict(enumerate(_GALLOPS, 1)), "harness": dict(enumerate(_HARNESS, 1))})
"""By program number."""
_COUNTRIES = frozenset({"US", "CA"})


def cloth(program_number: str, country: str | None, race_type: str | None) -> str:
    """`cloth cloth-red`. 1A has the colour of 1. A race whose type is not told is taken for gallops."""
    return f"cloth cloth-{_colour(program_number, country, race_type)}"


def _colour(program_number: str, country: str | None, race_type: str | None) -> str:
    digits = program_number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    if country not in _COUNTRIES or not (digits.isascii() and digits.isdecimal()):
        return NEUTRAL
    return COLOURS["harness" if race_type == "harness" else "gallops"].get(int(digits[:3]), NEUTRAL)
