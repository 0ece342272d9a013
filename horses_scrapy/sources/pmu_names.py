"""Words of PMU's API, and what they stand for here; a racecourse is found by its name."""

import re
import unicodedata
from collections.abc import Iterable

from horses_scrapy.config import Track
from horses_scrapy.items import BetType, EntryStatus, RaceStatus, RaceType, Source, Surface

SOURCE = Source("pmu", "decimal", "display")
CURRENCY = "EUR"
UNIT = 100
"""Prices and dividends are for 1 euro."""
STATUSES: dict[str, RaceStatus] = {
    "PROGRAMMEE": "scheduled",
    "DEPART_DANS_TROIS_MINUTES": "open",
    "EN_COURS": "closed",
    "FIN_COURSE": "unofficial",
    "ARRIVEE_PROVISOIRE": "unofficial",
    "ARRIVEE_DEFINITIVE": "official",
    "ARRIVEE_DEFINITIVE_COMPLETE": "official",
    "COURSE_ANNULEE": "cancelled",
}
ENTRY_STATUSES: dict[str, EntryStatus] = {"PARTANT": "active", "NON_PARTANT": "scratched"}
DISCIPLINES: dict[str, RaceType | None] = {
    "PLAT": "gallops", "HAIE": "gallops", "HAIES": "gallops", "STEEPLECHASE": "gallops", "CROSS": "gallops",
    "OBSTACLE": "gallops", "ATTELE": "harness", "MONTE": "harness", "TROT_ATTELE": "harness", "TROT_MONTE": "harness",
}  # fmt: skip
"""PLAT is recorded, the others are the words that public readers of this API use."""
SURFACES: dict[str, Surface] = {"HERBE": "turf"}
"""Of `typePiste`. No other word was recorded: one says nothing here."""
WIN_BETS = frozenset({"SIMPLE_GAGNANT", "E_SIMPLE_GAGNANT"})
"""On the course and, with E_, on the internet."""
EXACTA_BETS = ("E_COUPLE_ORDRE", "COUPLE_ORDRE")
QUINELLA_BETS = ("E_COUPLE_GAGNANT", "COUPLE_GAGNANT")
PAYOFFS: dict[str, BetType] = {
    "SIMPLE_GAGNANT": "win", "SIMPLE_PLACE": "place", "COUPLE_ORDRE": "exacta", "COUPLE_GAGNANT": "quinella",
    "TRIO": "trio", "TRIO_ORDRE": "trifecta", "SUPER_QUATRE": "superfecta",
}  # fmt: skip
"""The national pools' bets that have a name here; a COUPLE_PLACE, a 2SUR4 or a QUINTE_PLUS has none."""
UNORDERED: frozenset[BetType] = frozenset({"quinella", "trio"})

_GROUND = re.compile(r"^HIPPODROME (?:DE L |DE LA |DU |DES |DE |D )?")


def is_course(names: Iterable[str], track: Track) -> bool:
    """Whether one of the names is the track's `source_key`, or one of its `also` (other spellings, split by `|`)."""
    wanted = {plain(name) for name in (track.source_key, *track.options.get("also", "").split("|")) if name.strip()}
    return any(plain(name) in wanted for name in names)


def plain(name: str) -> str:
    """`Hippodrome de Saint-Cloud` and `SAINT CLOUD` are one name. Whole names only: Deauville is not Clairefontaine."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    words = " ".join(re.findall(r"[A-Z0-9]+", letters))
    return _GROUND.sub("", words).replace(" ", "")
