"""What a link of a mail mutes: who may, what, until when. The only thing that the board writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from alerts.mute_link import ForeignToken, Muting, day_over, race_over, read_token
from horses_scrapy.clock import from_ms
from horses_scrapy.config import Settings
from horses_scrapy.storage import silences
from horses_scrapy.storage.board_reader import runners
from horses_scrapy.storage.race_list import ListedRace, listed_race
from horses_scrapy.storage.silences import Silence
from horses_scrapy.web.desk import Desk, Reading
from horses_scrapy.web.errors import Refused

Until = Literal["off", "hour", "day"]
HOUR_MS = 3_600_000
BY = "mute link"
"""Who made these silences: whose mail the link was in, stands in their matchers."""
COMMENT = "asked for by a link in a mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """race: of the link. horses: names, of a coupled entry several; empty for the whole race.

    choices: until when it can be muted. until: when the mute ends that holds now, None where nothing is muted.
    """

    race: ListedRace
    program: str | None
    horses: tuple[str, ...]
    recipient: str
    choices: Mapping[Until, datetime]
    until: datetime | None


def mute_of(reading: Reading, token: str) -> Mute:
    """Raises Refused for a link that is not ours, or whose time is over."""
    muting, race = _allowed(reading.connection, reading.settings, token, reading.now_ms)
    held = _held(reading.connection, muting, race, reading.now_ms)
    return Mute(
        race=race,
        program=muting.program,
        horses=_horses(reading.connection, muting),
        recipient=muting.recipient,
        choices={name: from_ms(at) for name, at in _ends(race, reading.now_ms).items()},
        until=None if held is None else from_ms(held.ends_at),
    )


def mute(desk: Desk, token: str, until: Until) -> None:
    """Once, however often it is asked for: another time takes the place of the one before. Raises Refused."""
    now = desk.clock.now_ms()
    with desk.store.write() as connection:
        muting, race = _allowed(connection, desk.settings, token, now)
        ends = _ends(race, now).get(until)
        if ends is None:
            raise Refused(410, "over", "That time is over. Open the link again and choose another one.")
        held = _held(connection, muting, race, now)
        if held is not None and held.ends_at == ends:
            return
        if held is not None:
            silences.expire(connection, held.silence_id, now)
        of = {"matchers": _matchers(muting, race), "created_by": BY, "comment": COMMENT}
        silences.add(connection, starts_at=now, ends_at=ends, **of)  # type: ignore[arg-type]


def unmute(desk: Desk, token: str) -> None:
    """Ends what the link muted, if it did. Raises Refused."""
    now = desk.clock.now_ms()
    with desk.store.write() as connection:
        held = _held(connection, *_allowed(connection, desk.settings, token, now), now)
        if held is not None:
            silences.expire(connection, held.silence_id, now)


def _allowed(connection: Connection, settings: Settings, token: str, now_ms: int) -> tuple[Muting, ListedRace]:
    if not settings.api.key.get_secret_value():
        raise Refused(404, "not_found", "This board makes no mute links: it has no key.")
    try:
        muting = read_token(token, settings.api.key)
    except ForeignToken as error:
        raise Refused(404, "not_found", "This mute link is not whole, or not ours. Open it from the mail.") from error
    race = listed_race(connection, muting.race_id)
    if race is None or now_ms >= muting.not_after:
        raise Refused(410, "over", "This mute link is over: its race day has ended, and what it muted too.")
    return muting, race


def _ends(race: ListedRace, now_ms: int) -> dict[Until, int]:
    """Those that are still to come, what most people want first."""
    off, day = race_over(race.post_time), day_over(race.race_date, race.timezone, race.post_time)
    wishes: dict[Until, int | None] = {"off": off, "hour": now_ms + HOUR_MS, "day": day}
    return {name: at for name, at in wishes.items() if at is not None and at > now_ms}


def _matchers(muting: Muting, race: ListedRace) -> dict[str, str]:
    """As alerts/delivery/silence.py reads them."""
    of_race = {
        "race": f"{race.track_key}/{race.race_number}",
        "date": race.race_date,
        "recipient": muting.recipient,
    }
    return of_race if muting.program is None else {**of_race, "program": muting.program}


def _held(connection: Connection, muting: Muting, race: ListedRace, now_ms: int) -> Silence | None:
    """What the link mutes now. Silences of others are none of its business."""
    asked = _matchers(muting, race)
    return next(
        (each for each in silences.active(connection, now_ms) if each.created_by == BY and each.matchers == asked), None
    )


def _horses(connection: Connection, muting: Muting) -> tuple[str, ...]:
    card = runners(connection, muting.race_id) if muting.program is not None else ()
    return tuple(one.horse for one in card if muting.program in {one.program_number, one.label})
