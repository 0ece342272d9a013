"""What the rules about ourselves read of tracks: crawls, boards near their post, fill rates.

Instants are epoch milliseconds. Everything is read along an index: the scheduler asks at every tick.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, select

from horses_scrapy.clock import from_ms
from horses_scrapy.items import RaceStatus
from horses_scrapy.storage.fill_rates import Filled
from horses_scrapy.storage.schema import (
    board,
    crawl_run,
    fill_rate,
    race,
    race_source,
    track,
)

SILENT = ("superseded", "skipped")
"""Outcomes that tell nothing about a track: its source was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How far to look. Races: by post time; runs: those that began since an instant, and at least the newest so many.

    boards_since: of the boards whose flags are wanted, None for none. sound_flags: all that a sound board may have in its
    column. stale_after_ms: a board whose source says it is older is not sound.
    """

    races_since: int
    races_until: int
    runs_since: int
    runs: int
    boards_since: int | None
    sound_flags: tuple[str, ...]
    stale_after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A crawl that asked its source and has ended."""

    run_id: int
    outcome: str
    reason: str | None
    errors: int
    rejected: int
    finished_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceFacts:
    """A race with a post. sound_at: when its newest sound board was fetched. flags: of its newest boards, newest first."""

    race_id: int
    race_number: int
    post_time: int
    status: RaceStatus
    sound_at: int | None
    flags: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How a field was filled in the newest run that had it to fill, and in the runs before, newest first."""

    field: str
    now: Filled
    before: tuple[Filled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFacts:
    """Runs newest first."""

    key: str
    code: str
    runs: tuple[EndedRun, ...] = ()
    races: tuple[RaceFacts, ...] = ()
    fillings: tuple[Filling, ...] = ()


def track_facts(connection: Connection, codes: Mapping[str, str], ask: Ask) -> tuple[TrackFacts, ...]:
    """Of the tracks by key (with their codes); their fill rates are asked for apart."""
    races = _races(connection, codes, ask)
    within = _window(connection, codes, ask)
    return tuple(
        TrackFacts(
            key=key,
            code=code,
            runs=within.get(key, ()) if len(within.get(key, ())) >= ask.runs else _newest(connection, key, ask.runs),
            races=tuple(races.get(key, ())),
        )
        for key, code in codes.items()
    )


# --- Crawls -------------------------------------------------------------------------------------------------------------


def _ended() -> Select[*tuple[Any, ...]]:
    run = crawl_run.c
    asked = (run.run_id, run.outcome, run.reason, run.errors, run.rejected, run.finished_at)
    return select(*asked).where(run.finished_at.is_not(None), run.outcome.not_in(SILENT))


def _window(connection: Connection, keys: Collection[str], ask: Ask) -> dict[str, tuple[EndedRun, ...]]:
    of_track = (crawl_run.c.track.in_(keys), crawl_run.c.started_at >= ask.runs_since)
    query = _ended().add_columns(crawl_run.c.track).where(*of_track).order_by(crawl_run.c.started_at.desc())
    found: dict[str, list[EndedRun]] = {}
    for *values, key in connection.execute(query):
        found.setdefault(key, []).append(_run(values))
    return {key: tuple(runs) for key, runs in found.items()}


def _newest(connection: Connection, key: str, count: int) -> tuple[EndedRun, ...]:
    newest_first = (crawl_run.c.started_at.desc(), crawl_run.c.run_id.desc())
    query = _ended().where(crawl_run.c.track == key).order_by(*newest_first).limit(count)
    return tuple(_run(row) for row in connection.execute(query))


def _run(values: Sequence[Any]) -> EndedRun:
    run_id, outcome, reason, errors, rejected, finished_at = values
    return EndedRun(
        run_id=run_id, outcome=outcome, reason=reason, errors=errors, rejected=rejected, finished_at=finished_at
    )


def fillings(connection: Connection, key: str, count: int) -> tuple[Filling, ...]:
    """By field, over the newest so many runs of a track."""
    newest = (
        select(crawl_run.c.run_id)
        .where(crawl_run.c.track == key)
        .order_by(crawl_run.c.started_at.desc(), crawl_run.c.run_id.desc())
        .limit(count)
    )
    rows = connection.execute(
        select(fill_rate.c.field, fill_rate.c.filled, fill_rate.c.total)
        .where(fill_rate.c.run_id.in_(newest))
        .order_by(fill_rate.c.run_id.desc())
    )
    found: dict[str, list[Filled]] = {}
    for field, filled, total in rows:
        found.setdefault(field, []).append(Filled(filled, total))
    return tuple(Filling(field=field, now=rates[0], before=tuple(rates[1:])) for field, rates in sorted(found.items()))


# --- Boards ---------------------------------------------------------------------------------------------------------------


def _races(connection: Connection, keys: Collection[str], ask: Ask) -> dict[str, list[RaceFacts]]:
    rows = connection.execute(_races_query(keys, ask)).all()
    flags = _flags(connection, [row.race_id for row in rows], ask)
    found: dict[str, list[RaceFacts]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(
            RaceFacts(
                race_id=row.race_id,
                race_number=row.race_number,
                post_time=row.post_time,
                status=row.status,
                sound_at=row.sound_at,
                flags=tuple(flags.get(row.race_id, ())),
            )
        )
    return found


def _races_query(keys: Collection[str], ask: Ask) -> Select[*tuple[Any, ...]]:
    """By their primary source: no rule reads another."""
    day = timedelta(days=1)  # a date at the track is at most a day away from the date in UTC
    dates = [(from_ms(ask.races_since) - day).date(), (from_ms(ask.races_until) + day).date()]
    said = board.c.source_time
    sound_at = (
        select(board.c.fetched_at)
        .where(
            board.c.race_id == race.c.race_id,
            board.c.source_id == race_source.c.source_id,
            board.c.flags.in_(ask.sound_flags),
            said.is_(None) | (board.c.fetched_at - said <= ask.stale_after_ms),
        )
        .order_by(board.c.fetched_at.desc())
        .limit(1)
        .correlate(race, race_source)
        .scalar_subquery()
    )
    return (
        select(
            track.c.key, race.c.race_id, race.c.race_number, race.c.post_time, race.c.status,
            sound_at.label("sound_at"),
        )
        .join_from(race, track)
        .join(race_source, (race_source.c.race_id == race.c.race_id) & (race_source.c.is_primary == 1))
        .where(
            track.c.key.in_(keys),
            race.c.race_date.between(dates[0].isoformat(), dates[1].isoformat()),
            race.c.post_time.between(ask.races_since, ask.races_until),
        )
        .order_by(race.c.post_time, race.c.race_number)
    )  # fmt: skip


def _flags(connection: Connection, race_ids: Collection[int], ask: Ask) -> dict[int, list[frozenset[str]]]:
    if ask.boards_since is None or not race_ids:
        return {}
    rows = connection.execute(
        select(board.c.race_id, board.c.flags)
        .join(
            race_source,
            (race_source.c.race_id == board.c.race_id) & (race_source.c.source_id == board.c.source_id),
        )
        .where(board.c.race_id.in_(race_ids), board.c.fetched_at >= ask.boards_since, race_source.c.is_primary == 1)
        .order_by(board.c.fetched_at.desc())
    )
    found: dict[int, list[frozenset[str]]] = {}
    for race_id, flags in rows:
        found.setdefault(race_id, []).append(frozenset(flags.split(",")) - {""})
    return found
