"""Which boards of an old race stay when it is thinned."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

MINUTES = (10, 5, 1, 0)
"""To the post: of each the newest board until then stays, and the newest without any flag."""
OVER = frozenset({"closed", "unofficial", "official"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A board. needed: the rules have not seen it yet, or an alert or a capture refers to it."""

    board_id: int
    fetched_at: int
    status: str
    flags: str = ""
    needed: bool = False


def kept(boards: Sequence[Seen], post_time: int | None) -> set[int]:
    """Ids of those that stay, of one race and source, given by time: first, last, final, those near the post."""
    if not boards:
        return set()
    stays = {boards[0], boards[-1], _final(boards), *(one for one in boards if one.needed)}
    if post_time is not None:
        stays |= _near(boards, post_time) | _near([one for one in boards if not one.flags], post_time)
    return {one.board_id for one in stays}


def _final(boards: Sequence[Seen]) -> Seen:
    return next((one for one in reversed(boards) if one.status in OVER), boards[-1])


def _near(boards: Sequence[Seen], post_time: int) -> AbstractSet[Seen]:
    found = (_newest_until(boards, post_time - minutes * 60_000) for minutes in MINUTES)
    return {one for one in found if one is not None}


def _newest_until(boards: Sequence[Seen], at: int) -> Seen | None:
    return next((one for one in reversed(boards) if one.fetched_at <= at), None)
