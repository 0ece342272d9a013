"""The boards that each finished race should have at and after the off, and the final one: or why there is none.

t-0 ... t+60 are counted from the off: the first closed board, else the post time. A reason is one of floor (the source may
not be asked so often), no_poll (none was planned, or nobody was there to make it), no_board (the poll ended well, without
this race), failed:<outcome> and given_up:<reason> of the poll, cancelled, postponed, no_post (nobody told when it is);
for the final board no_final (the source says official and showed none), not_official (given up before it was).
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

from horses_scrapy.clock import from_ms
from horses_scrapy.config import Settings
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.storage import captures
from horses_scrapy.storage.captures import FINAL, Capture, Poll, SeenBoard, WatchedRace
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.slots import FAILED, WINDOW

SECONDS = {"t-0": 0, "t+15": 15, "t+30": 30, "t+60": 60}
BESIDE_S = 7.5
"""How far a board may lie from an instant at which none was planned: half of what is between two tags."""
AFTER_MS = 90_000
"""After the off, until the board of t+60 has had the time to come."""
LONGEST_WINDOW_MS = 3_600_000
DAYS = 2
BATCH = 50
"""Races settled in one look: a first look back over two days must not hold up the loop."""
NOT_SHOWN = frozenset({"ok", "no_card"})
OPEN = frozenset({"scheduled", "open"})


def settle(store: Store, settings: Settings, now_ms: int) -> None:
    """Write the captures of the races that have finished since the last time."""
    since = (from_ms(now_ms) - timedelta(days=DAYS)).date().isoformat()
    with store.read() as connection:
        races = captures.unsettled(connection, since, now_ms)
    settled: list[tuple[WatchedRace, Sequence[Capture]]] = []
    for race in races:
        told = settings.cadence(race.track) if race.track in settings.tracks else settings.scraping
        boards, polls = _seen(store, race)
        if finished(race, told, boards, now_ms):
            settled.append((race, assign(race, told, boards, polls)))
        if len(settled) == BATCH:
            break
    if settled:
        with store.write() as connection:
            captures.write(connection, settled)


def _seen(store: Store, race: WatchedRace) -> tuple[list[SeenBoard], list[Poll]]:
    with store.read() as connection:
        boards = captures.boards_of(connection, race)
        if race.off is None:
            return boards, []
        return boards, captures.polls_of(connection, race, race.off - LONGEST_WINDOW_MS, race.off + AFTER_MS)


def finished(race: WatchedRace, told: Scraping, boards: Collection[SeenBoard], now_ms: int) -> bool:
    """Whether no further board of the race is expected. Official alone is not enough: the board comes after the card."""
    if race.status == "cancelled":
        return True
    if race.off is None:
        return race.status == "official"
    post = race.off if race.post_time is None else race.post_time
    if now_ms < race.off + AFTER_MS:
        return False
    return now_ms > post + told.after_post_cap * 1000 or (race.status == "official" and _final(boards) is not None)


def assign(race: WatchedRace, told: Scraping, boards: Sequence[SeenBoard], polls: Collection[Poll]) -> list[Capture]:
    """One for each tag. `boards` by time."""
    instants = {tag: None if race.off is None else race.off + after * 1000 for tag, after in SECONDS.items()}
    if race.status in {"cancelled", "postponed"}:
        return [Capture(tag, due_at, None, race.status) for tag, due_at in [*instants.items(), (FINAL, None)]]
    return [*(_at_off(tag, due_at, told, boards, polls) for tag, due_at in instants.items()), _at_end(race, boards)]


def _at_off(
    tag: str, due_at: int | None, told: Scraping, boards: Sequence[SeenBoard], polls: Collection[Poll]
) -> Capture:
    if due_at is None:
        return Capture(tag, None, None, "no_post")
    planned = SECONDS[tag] % told.off_interval == 0
    half = round((told.off_interval / 2 if planned else BESIDE_S) * 1000)
    found = _nearest(boards, due_at, half)
    if found is None and tag == "t-0":
        found = _last_open(boards, due_at, due_at - told.last_minutes_interval * 1000 - half)
    if found is not None:
        return Capture(tag, due_at, found.board_id, None)
    return Capture(tag, due_at, None, _why_not(polls, due_at, half) if planned else "floor")


def _nearest(boards: Sequence[SeenBoard], due_at: int, within: int) -> SeenBoard | None:
    near = [board for board in boards if abs(board.fetched_at - due_at) < within]
    return min(near, key=lambda board: abs(board.fetched_at - due_at), default=None)


def _last_open(boards: Sequence[SeenBoard], before: int, since: int) -> SeenBoard | None:
    shown = [board for board in boards if since <= board.fetched_at <= before and board.status in OPEN]
    return shown[-1] if shown else None


def _why_not(polls: Collection[Poll], due_at: int, within: int) -> str:
    """What became of the poll that should have brought the board, or of the window that should have made it."""
    single = [poll for poll in polls if poll.kind != WINDOW and abs(poll.due_at - due_at) < within]
    poll = min(single, key=lambda poll: abs(poll.due_at - due_at), default=None)
    if poll is not None:
        return _end(poll) or "no_board"
    ends = [_end(one) for one in polls if one.until_at is not None and one.due_at <= due_at < one.until_at]
    return next((end for end in ends if end is not None), "no_poll")


def _end(poll: Poll) -> str | None:
    """How it failed; None where it ended well, or has not ended."""
    if poll.state == FAILED:
        return f"given_up:{poll.reason or 'unknown'}"
    if poll.run_id is None:
        return "failed:lost"
    return None if poll.outcome is None or poll.outcome in NOT_SHOWN else f"failed:{poll.outcome}"


def _at_end(race: WatchedRace, boards: Sequence[SeenBoard]) -> Capture:
    final = _final(boards)
    if final is not None:
        return Capture(FINAL, None, final.board_id, None)
    return Capture(FINAL, None, None, "no_final" if race.status == "official" else "not_official")


def _final(boards: Collection[SeenBoard]) -> SeenBoard | None:
    official = [board for board in boards if board.status == "official"]
    return max(official, key=lambda board: board.fetched_at, default=None)
