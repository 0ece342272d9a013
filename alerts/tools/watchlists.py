"""alertctl watchlist: named lists of horses, jockeys, trainers, program numbers, tracks and races."""

from collections.abc import Sequence

from alerts.tools import screen
from alerts.tools.database import opened, reading
from alerts.tools.times import utc
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.config.yaml_file import nearest
from horses_scrapy.errors import OK, ConfigError
from horses_scrapy.program_number import PROGRAM_NUMBER
from horses_scrapy.storage import watchlists as sql
from horses_scrapy.storage.names import name_key

NAMES = ("horse", "jockey", "trainer")
FIELDS = (*NAMES, "program", "track", "race")
LAST_RACE = 99

Asked = tuple[str, str, str]
"""Field, value as it is matched, text as it was typed."""


def add(settings: Settings, now: Clock, name: str, given: Sequence[str], *, by: str) -> int:
    asked = parse(settings, given)
    with opened(settings, now) as store, store.write() as connection:
        new = [
            sql.add(connection, name=name, field=field, value=value, shown=shown, at_ms=now.now_ms(), created_by=by)
            for field, value, shown in asked
        ]
    screen.say(_told(asked, new, f"on {name} now", f"on {name} already"))
    return OK


def remove(settings: Settings, now: Clock, name: str, given: Sequence[str]) -> int:
    """Raises ConfigError where one is not on the list: then none is removed."""
    asked = parse(settings, given)
    with opened(settings, now) as store, store.write() as connection:
        gone = [
            sql.remove(connection, name=name, field=field, value=value, at_ms=now.now_ms()) for field, value, _ in asked
        ]
        missing = [
            f"{name}: {field}={shown} is not on it"
            for (field, _, shown), was in zip(asked, gone, strict=True)
            if not was
        ]
        if missing:
            raise ConfigError("\n".join(missing))
    screen.say(_told(asked, gone, f"off {name}", ""))
    return OK


def show(settings: Settings, now: Clock, name: str | None) -> int:
    with reading(settings, now) as connection:
        found = [one for one in sql.entries(connection, now.now_ms()) if name in {None, one.name}]
    if not found:
        screen.say(["no list has an entry" if name is None else f"{name}: no entry"])
        return OK
    rows = [(one.name, one.field, one.shown, utc(one.added_at), one.created_by) for one in found]
    screen.table(("list", "field", "value", "since", "by"), rows)
    return OK


def parse(settings: Settings, given: Sequence[str]) -> list[Asked]:
    """`horse=Dancer`, `program=1A`, `track=AQU`, `race=AQU/3`. Raises ConfigError with all faults, one a line."""
    found: list[Asked] = []
    faults: list[str] = []
    for text in given:
        field, _, shown = (part.strip() for part in text.partition("="))
        value = _value(settings, field, shown) if field in FIELDS and shown else None
        if value is None:
            faults.append(f"{text!r}: {_fault(settings, field, shown)}")
        else:
            found.append((field, value, shown))
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def _value(settings: Settings, field: str, shown: str) -> str | None:
    """As a rule's scope is matched; None where it cannot be one."""
    if field in NAMES:
        return name_key(shown) or None
    if field == "program":
        return shown.upper() if PROGRAM_NUMBER.fullmatch(shown.upper()) else None
    if field == "track":
        return _track(settings, shown)
    track, _, number = shown.partition("/")
    key = _track(settings, track)
    return f"{key}/{int(number)}" if key is not None and _is_race(number) else None


def _is_race(number: str) -> bool:
    return number.isascii() and number.isdigit() and 1 <= int(number) <= LAST_RACE


def _track(settings: Settings, text: str) -> str | None:
    """The key of a track that is named by its key or its code."""
    named = (
        key for key, track in settings.tracks.items() if text.casefold() in {key.casefold(), track.code.casefold()}
    )
    return next(named, None)


def _fault(settings: Settings, field: str, shown: str) -> str:
    if field not in FIELDS:
        return f"a field is expected, such as horse=Dancer{nearest(field, FIELDS)}; known: {', '.join(FIELDS)}"
    if not shown:
        return "a value is expected"
    if field == "program":
        return "a program number is expected, such as 5 or 1A"
    known = nearest(
        shown.partition("/")[0], [name for key, track in settings.tracks.items() for name in (key, track.code)]
    )
    kind = (
        "a track of tracks.yaml (key or code)"
        if field == "track"
        else "a race such as AQU/3, its track of tracks.yaml,"
    )
    return f"{kind} is expected{known}"


def _told(asked: Sequence[Asked], done: Sequence[bool], so: str, not_so: str) -> list[str]:
    return [f"{field}={shown}: {so if was else not_so}" for (field, _, shown), was in zip(asked, done, strict=True)]
