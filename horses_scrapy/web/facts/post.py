"""When a race will be off, as far as is known."""

import math
from dataclasses import dataclass
from typing import Literal

from horses_scrapy.storage.race_lines import NewestBoard
from horses_scrapy.storage.race_list import ListedRace

MINUTE_MS = 60_000
AGREE_MINUTES = 1
"""Boards round up or down."""
HEARD_MS = 10 * MINUTE_MS
"""An older board's minutes are worth less than the card, which may have come since."""
WAIT_MS = 60 * MINUTE_MS
"""No race is held back for longer: nothing is heard of it."""
AHEAD = frozenset({"scheduled", "open"})


@dataclass(frozen=True, slots=True)
class Post:
    at: int | None
    by: Literal["board", "card"] | None

    def minutes(self, now_ms: int) -> int | None:
        """From now, rounded down; 0 while the race is overdue."""
        return None if self.at is None else max(0, math.floor((self.at - now_ms) / MINUTE_MS))


UNKNOWN = Post(None, None)


def expected(race: ListedRace, board: NewestBoard | None, now_ms: int) -> Post:
    """UNKNOWN where no post is to come."""
    if race.status not in AHEAD:
        return UNKNOWN
    said = _said(race, board, now_ms)
    post = Post(race.post_time, None if race.post_time is None else "card") if said is None else said
    return UNKNOWN if post.at is not None and post.at < now_ms - WAIT_MS else post


def _said(race: ListedRace, board: NewestBoard | None, now_ms: int) -> Post | None:
    """What the board adds to the card."""
    if board is None or board.minutes_to_post is None or now_ms - board.fetched_at > HEARD_MS:
        return None
    if race.post_time is not None:
        by_card = max(0, race.post_time - board.fetched_at) / MINUTE_MS
        if abs(by_card - board.minutes_to_post) <= AGREE_MINUTES:
            return None
    return Post(board.fetched_at + board.minutes_to_post * MINUTE_MS, "board")
