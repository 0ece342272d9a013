"""What rules ask for beside the database: takeouts of tracks.yaml, and the user's own lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from alerts.history import Takeout
from alerts.lines import Lines
from alerts.rules import RuleSet
from horses_scrapy.config import Settings, Track
from horses_scrapy.storage.board_view import RaceView

UNVERIFIED = "unverified"
"""How tracks.yaml begins the origin of a figure that nobody has checked."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`assumed`: percent that a pool keeps whose takeout is not known."""

    tracks: Mapping[str, Track] = field(default_factory=dict)
    assumed: float = 20
    lines: Lines = field(default_factory=Lines)

    def takeouts(self, race: RaceView) -> dict[str, Takeout]:
        """By bet type, on the day of the race."""
        return {bet_type: self._takeout(race, bet_type) for bet_type in ("win", "exacta", "quinella")}

    def _takeout(self, race: RaceView, bet_type: str) -> Takeout:
        track = self.tracks.get(race.track_key)
        told = None if track is None else track.terms(bet_type, date.fromisoformat(race.race_date))  # type: ignore[arg-type]
        if told is None:
            return Takeout(self.assumed / 100, assumed=True)
        return Takeout(told.takeout, assumed=told.origin.startswith(UNVERIFIED))


def surroundings(settings: Settings, rules: RuleSet) -> Surroundings:
    folder: Path = settings.alerts_file.parent / rules.lines
    return Surroundings(settings.tracks, rules.assumed_takeout, Lines(folder))
