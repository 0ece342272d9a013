"""scripts/data_quality_check.py: read the races day by day, judge them, print what was found."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from alerts.tools.database import reading
from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.config import Settings, Validation
from horses_scrapy.errors import OK, UNHEALTHY, ConfigError
from horses_scrapy.quality import output
from horses_scrapy.quality.coverage import CoverageTable
from horses_scrapy.quality.phase import is_sound
from horses_scrapy.quality.report import Report
from horses_scrapy.quality.tally import Tallies
from horses_scrapy.quality.verdict import Asked
from horses_scrapy.storage.quality import window as sql
from horses_scrapy.storage.quality.boards import Bounds
from horses_scrapy.storage.quality.orphans import orphans
from horses_scrapy.storage.quality.reader import Ask, read_races
from horses_scrapy.storage.quality.window import Window

DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Dates at the track, both included. Without any: the last DAYS days. min_boards: None for as many as are due."""

    first: date | None = None
    last: date | None = None
    days: int | None = None
    track: str | None = None
    race_id: int | None = None
    min_boards: int | None = None


def run(settings: Settings, now: Clock, question: Question, *, as_json: bool = False) -> int:
    """5 where a check of level fail has found something. Raises ConfigError for a question that names nothing."""
    with reading(settings, now) as connection:
        report = report_of(connection, settings, now.now_ms(), question)
    (output.as_json if as_json else output.as_text)(report)
    return UNHEALTHY if report.failed else OK


def report_of(connection: Connection, settings: Settings, now: int, question: Question) -> Report:
    window = window_of(question, now)
    _refuse_unknown(connection, window)
    asked = _asked(connection, settings, now, question)
    ask = Ask(bounds=_bounds(connection, settings), sound=is_sound, crawl_ms=settings.scraping.after_post_cap * 1000)
    tallies, coverage = Tallies(asked), CoverageTable()
    for day in sql.days(connection, window):
        races = read_races(connection, window.of_day(day), ask)
        tallies.add(races)
        coverage.add(races, asked)
    tallies.add_rows(orphans(connection, window))
    return Report(window=window, races=tallies.races, tallies=tallies.all, coverage=coverage.rows)


def window_of(question: Question, now: int) -> Window:
    """Today is still to come or over at other tracks: unless told otherwise it ends with tomorrow in UTC."""
    if question.race_id is not None:
        if question.first or question.last or question.days or question.track:
            raise ConfigError("--race names one race: leave --from, --to, --days and --track away")
        return Window(race_id=question.race_id)
    today = from_ms(now).date()
    last = question.last or today + timedelta(days=1)
    back = (question.days or DAYS) - 1
    first = question.first or (last if question.last else today) - timedelta(days=back)
    if first > last:
        raise ConfigError(f"--from {first}: is after --to {last}")
    return Window(first=first.isoformat(), last=last.isoformat(), track=question.track)


def _refuse_unknown(connection: Connection, window: Window) -> None:
    if window.track is not None and not sql.is_known(connection, window.track):
        raise ConfigError(f"--track {window.track}: no track of this key or code is stored")
    if window.race_id is not None and not sql.days(connection, window):
        raise ConfigError(f"--race {window.race_id}: no race of this id is stored")


def _asked(connection: Connection, settings: Settings, now: int, question: Question) -> Asked:
    told = settings.scraping
    due = max(1, told.near_post_threshold // told.near_post_interval)  # the last minutes alone bring as many
    return Asked(
        now=now,
        scraping=told,
        min_boards=due if question.min_boards is None else question.min_boards,
        tracks=settings.tracks,
        watched=frozenset(settings.enabled_tracks),
        pruned_before=sql.pruned_before(connection),
    )


def _bounds(connection: Connection, settings: Settings) -> dict[str, Bounds]:
    """A source that is configured no more is held to what holds for all."""
    told = {name: block.validation for name, block in settings.sources.items()}
    found = {name: told.get(name, Validation()) for name in sql.source_names(connection)}
    return {name: Bounds(round(one.min_price * 1000), round(one.max_price * 1000)) for name, one in found.items()}
