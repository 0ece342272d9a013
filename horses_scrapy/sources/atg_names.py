"""Words and units of ATG's racing information, and what they stand for here."""

from horses_scrapy.items import BetType, PoolType, RaceStatus, RaceType, Source

SOURCE = Source("atg", "decimal", "pool")
CURRENCY = "SEK"
UNIT = 100
"""Odds are hundredths, so they are also what 1 krona returns, in oere."""
NO_ODDS = frozenset({0, 9999})
"""Nobody's odds: 0 is recorded for a scratched horse, 9999 is documented for one that nobody has backed yet."""
STATUSES: dict[str, RaceStatus] = {
    "upcoming": "scheduled",
    "bettable": "open",
    "ongoing": "closed",
    "results": "official",
    "cancelled": "cancelled",
}
"""`results` is recorded, `bettable` documented; the others are from memory. Another word is an error of that race."""
SPORTS: dict[str, RaceType | None] = {"trot": "harness", "gallop": "gallops"}
POOLS: dict[str, PoolType] = {
    "vinnare": "win", "plats": "place", "tvilling": "quinella", "komb": "exacta", "trio": "trifecta",
}  # fmt: skip
"""By the order in which a merged pool is named; a trio names its three horses in the order of finish."""
PAYOFFS: dict[str, BetType] = {
    "vinnare": "win", "plats": "place", "tvilling": "quinella", "komb": "exacta", "trio": "trifecta",
}  # fmt: skip
