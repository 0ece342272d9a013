"""Which boards stand for the off, the minute after it and the end of a race, per source that watched it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, exists, insert, or_, select

from horses_scrapy.storage.schema import board, capture, crawl_run, race, race_source, slot, track
from horses_scrapy.storage.slots import CARD, NEAR, POLL, WINDOW

FINAL = "final"
ENDED = ("official", "cancelled", "postponed")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedRace:
    """A race as one source has it; `off_at` is the first board that was closed."""

    race_id: int
    source_id: int
    track: str
    status: str
    post_time: int | None
    off_at: int | None

    @property
    def off(self) -> int | None:
        return self.post_time if self.off_at is None else self.off_at


@dataclass(frozen=True, slots=True)
class SeenBoard:
    board_id: int
    fetched_at: int
    status: str


@dataclass(frozen=True, slots=True)
class Poll:
    """A slot of the track, and how its run ended: None while it runs, or where there was none."""

    kind: str
    due_at: int
    until_at: int | None
    state: str
    reason: str | None
    run_id: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Capture:
    """The board of a tag, or the reason why there is none. `due_at`: when the board should have been fetched."""

    tag: str
    due_at: int | None
    board_id: int | None
    reason: str | None


def unsettled(connection: Connection, since_date: str, now_ms: int) -> list[WatchedRace]:
    """Races from a date on that are over, or whose post has passed, and whose captures are not written yet."""
    written = exists().where(
        capture.c.race_id == race_source.c.race_id,
        capture.c.source_id == race_source.c.source_id,
        capture.c.tag == FINAL,
    )
    query = (
        select(
            race.c.race_id, race_source.c.source_id, track.c.key, race_source.c.status, race.c.post_time, race.c.off_at
        )
        .select_from(race.join(race_source).join(track))
        .where(
            race.c.race_date >= since_date,
            or_(race_source.c.status.in_(ENDED), race.c.post_time <= now_ms),
            ~written,
        )
    )
    return [
        WatchedRace(
            race_id=row.race_id,
            source_id=row.source_id,
            track=row.key,
            status=row.status,
            post_time=row.post_time,
            off_at=row.off_at,
        )
        for row in connection.execute(query)
    ]


def boards_of(connection: Connection, watched: WatchedRace) -> list[SeenBoard]:
    """By time."""
    own = (board.c.race_id == watched.race_id, board.c.source_id == watched.source_id)
    query = select(board.c.board_id, board.c.fetched_at, board.c.status).where(*own).order_by(board.c.fetched_at)
    return [SeenBoard(row.board_id, row.fetched_at, row.status) for row in connection.execute(query)]


def polls_of(connection: Connection, watched: WatchedRace, since_ms: int, until_ms: int) -> list[Poll]:
    """The track's slots that were due then."""
    query = (
        select(slot, crawl_run.c.outcome)
        .select_from(slot.outerjoin(crawl_run, crawl_run.c.run_id == slot.c.run_id))
        .where(
            slot.c.track == watched.track,
            slot.c.kind.in_((CARD, NEAR, WINDOW, POLL)),
            slot.c.due_at.between(since_ms, until_ms),
        )
        .order_by(slot.c.due_at)
    )
    return [
        Poll(row.kind, row.due_at, row.until_at, row.state, row.reason, row.run_id, row.outcome)
        for row in connection.execute(query)
    ]


def write(connection: Connection, settled: Iterable[tuple[WatchedRace, Sequence[Capture]]]) -> None:
    """All tags of a race and source at once: `unsettled` looks for the final one alone."""
    rows = [
        {"race_id": watched.race_id, "source_id": watched.source_id, **asdict(one)}
        for watched, captures in settled
        for one in captures
    ]
    if rows:
        connection.execute(insert(capture), rows)
