"""alertctl silence: nothing about what matches until a time, with who asked for it and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.delivery.silence import parse
from alerts.tools import screen
from alerts.tools.database import opened, reading
from alerts.tools.times import span_ms, until_ms, utc
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.storage import silences as sql
from horses_scrapy.storage.silences import Silence


@dataclass(frozen=True, slots=True)
class Asked:
    """A silence as it is typed. `lasts` or `until` is given."""

    match: Sequence[str]
    by: str
    comment: str
    lasts: str | None = None
    until: str | None = None

    def ends(self, now_ms: int) -> int:
        return now_ms + span_ms(self.lasts) if self.lasts is not None else until_ms(self.until or "", now_ms)


def add(settings: Settings, now: Clock, asked: Asked) -> int:
    """Raises ConfigError, with all faults of `match`."""
    matchers = parse(asked.match)
    by, comment = asked.by.strip(), asked.comment.strip()
    if not by or not comment:
        raise ConfigError("--by, --comment: who asks for silence, and why, is expected")
    begins = now.now_ms()
    ends = asked.ends(begins)
    with opened(settings, now) as store, store.write() as connection:
        number = sql.add(connection, matchers=matchers, starts_at=begins, ends_at=ends, created_by=by, comment=comment)
    screen.say([f"silence {number}: {_shown(matchers)} until {utc(ends)}"])
    return OK


def show(settings: Settings, now: Clock, *, every: bool) -> int:
    with reading(settings, now) as connection:
        found = sql.every(connection) if every else sql.active(connection, now.now_ms())
    if not found:
        screen.say(["no silence" if every else "no silence is active (--all: those that are over too)"])
        return OK
    screen.table(("id", "matches", "until", "by", "comment"), [_row(one, now.now_ms()) for one in found])
    return OK


def expire(settings: Settings, now: Clock, number: int) -> int:
    """Raises ConfigError where it is over, or was never there."""
    with opened(settings, now) as store, store.write() as connection:
        if not sql.expire(connection, number, now.now_ms()):
            raise ConfigError(f"silence {number}: there is none that is still to end; see alertctl silence list --all")
    screen.say([f"silence {number} is over"])
    return OK


def _row(one: Silence, now_ms: int) -> tuple[object, ...]:
    over = " (over)" if one.ends_at <= now_ms else ""
    return one.silence_id, _shown(one.matchers), utc(one.ends_at) + over, one.created_by, one.comment


def _shown(matchers: Mapping[str, str]) -> str:
    return " ".join(f"{field}={value}" for field, value in matchers.items())
