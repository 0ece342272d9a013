"""What a day of the cadence asks of a track's host. Pure: an estimate for people, made before the day."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from horses_scrapy.config.cadence import Scraping
from horses_scrapy.scheduling.tiers import RaceState, racing_hours
from horses_scrapy.scheduling.timeline import Segment, Timeline

OFFICIAL_AFTER_S = 300
"""After its post, until a race is official: nobody knows it beforehand."""


@dataclass(frozen=True, slots=True)
class PerPoll:
    """Requests of a poll of the whole card, and of one of the races near their post; None: the card, and one each."""

    card: float | None = None
    near: float | None = None

    def of_card(self, races: int) -> float:
        return 1 + races if self.card is None else self.card

    def of_near(self, races: int) -> float:
        return 1 + races if self.near is None else self.near


@dataclass(frozen=True, slots=True)
class Load:
    """Of one day. hours: when the track races."""

    polls: int
    requests: int
    hours: tuple[int, int]


def load(posts: Sequence[int], told: Scraping, card_times: int, per_poll: PerPoll) -> Load:
    """Of a day with races at these instants, at least one; `card_times`: how often its card is read beside them."""
    lasts = told.model_copy(update={"after_post_cap": OFFICIAL_AFTER_S})
    races = [RaceState("", "", number, post, "scheduled") for number, post in enumerate(posts, 1)]
    (opens, closes) = racing_hours(races, lasts)[0]
    polls, requests = card_times, card_times * per_poll.of_card(len(posts))
    for segment in Timeline(lasts, races, 0, 1).forward(opens):
        if segment.start >= closes:
            break
        count = _count(segment)
        cards = min(count, _cards(segment, lasts)) if segment.races else count
        polls += count
        requests += cards * per_poll.of_card(len(posts)) + (count - cards) * per_poll.of_near(len(segment.races))
    return Load(polls, math.ceil(requests), (opens, closes))


def _count(segment: Segment) -> int:
    if segment.grid is None:
        return 0
    first = segment.grid.at_or_after(segment.start)
    return max(0, -(-(segment.end - first) // segment.grid.interval))


def _cards(segment: Segment, told: Scraping) -> float:
    """Near a post, a poll of the whole card that is owed takes the place of another."""
    return 0 if segment.off else (segment.end - segment.start) / (told.default_interval * 1000)
