"""The rules of one file, as they are looked up while a board is evaluated."""

from functools import cached_property
from typing import Annotated

from pydantic import Field, PrivateAttr

from alerts.rules.base import Block, BoardRule, EventRule, RaceRule, Rule, SystemRule
from alerts.rules.policy import Delivery
from horses_scrapy.storage.board_view import RaceView


class RuleSet(Block):
    """stale_after: seconds; a board whose source says it is older is not read. assumed_takeout: percent, of pools whose
    takeout tracks.yaml does not know. lines: folder of fair-odds files, relative to the rule file. warnings: for people.
    """

    rules: tuple[Rule, ...] = ()
    delivery: Delivery = Delivery()
    stale_after: Annotated[float, Field(gt=0, le=86_400)] = 600
    assumed_takeout: Annotated[float, Field(ge=0, lt=60)] = 20
    lines: str = "lines"
    warnings: tuple[str, ...] = ()

    _by_track: dict[str, tuple[BoardRule, ...]] = PrivateAttr(default_factory=dict)

    @cached_property
    def on_boards(self) -> tuple[BoardRule, ...]:
        return tuple(rule for rule in self.rules if rule.enabled and isinstance(rule, BoardRule))

    @cached_property
    def on_events(self) -> tuple[EventRule, ...]:
        return tuple(rule for rule in self.rules if rule.enabled and isinstance(rule, EventRule))

    @cached_property
    def on_ourselves(self) -> tuple[SystemRule, ...]:
        return tuple(rule for rule in self.rules if rule.enabled and isinstance(rule, SystemRule))

    def boards_of(self, race: RaceView) -> tuple[BoardRule, ...]:
        """Those whose scope names the race's track, or none: most rules of a large file are about other tracks."""
        found = self._by_track.get(race.track_key)
        if found is None:
            found = tuple(rule for rule in self.on_boards if names_track(rule, race))
            self._by_track[race.track_key] = found
        return found


def names_track(rule: RaceRule, race: RaceView) -> bool:
    tracks = {track.casefold() for track in rule.scope.tracks}
    return not tracks or not tracks.isdisjoint({race.track_key.casefold(), race.track_code.casefold()})
