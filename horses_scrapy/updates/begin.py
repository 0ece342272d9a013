"""An update's start: its row, and a planned slot for each job that it asks for, in one transaction."""

import platform
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from horses_scrapy.clock import from_ms
from horses_scrapy.config import Settings
from horses_scrapy.config.updates import LiveData
from horses_scrapy.storage import updates as stored
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.slots import SlotRow, write_slot
from horses_scrapy.updates.catalogue import PLAIN, Arguments, Options, jobs

SECOND_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """due_at: what the cron expression said, None where a person asks. mono_ms: real milliseconds since boot."""

    name: str
    trigger: str
    now_ms: int
    mono_ms: int
    due_at: int | None = None
    options: Options = PLAIN


def begin(store: Store, settings: Settings, start: Start) -> int | None:
    """The update run's id; None where another scheduler was first.

    The slots are due now, not when the update was: one that is caught up is not late. A track's jobs are a second apart:
    they run one after the other.
    """
    told = settings.updates.of(start.name)
    with store.write() as connection:
        made = stored.begin(connection, start.name, start.due_at, start.trigger, start.now_ms)
        if made is not None:
            for track in tracks_for(connection, settings, start):
                _ask(connection, track, jobs(told, start.options), made, start)
    return made


def tracks_for(connection: Connection, settings: Settings, start: Start) -> list[str]:
    """Enabled tracks; of live_data those in their racing hours, unless a person asks."""
    keys = sorted(settings.enabled_tracks)
    told = settings.updates.of(start.name)
    if not (isinstance(told, LiveData) and told.racing_hours and start.due_at is not None):
        return keys
    racing: set[str] = set()
    for key in keys:
        hours = settings.cadence(key)
        before, after, cap = (
            seconds * SECOND_MS for seconds in (hours.hours_before, hours.hours_after, hours.after_post_cap)
        )
        racing |= stored.racing(connection, start.now_ms, before, after, cap) & {key}
    return [key for key in keys if key in racing]


def _ask(connection: Connection, track: str, wanted: Iterable[Arguments], update_run_id: int, start: Start) -> None:
    due_at = start.now_ms - start.now_ms % SECOND_MS
    for arguments in wanted:
        while not write_slot(connection, _slot(track, due_at, arguments, update_run_id, start)):
            due_at += SECOND_MS
        due_at += SECOND_MS


def _slot(track: str, due_at: int, arguments: Arguments, update_run_id: int, start: Start) -> SlotRow:
    return SlotRow(
        track=track,
        kind=start.name,
        due_at=due_at,
        due_mono=start.mono_ms,
        job_id=f"{track}-{start.name}-{from_ms(due_at):%Y%m%dt%H%M%Sz}",
        trigger=start.trigger,
        arguments=arguments,
        node=platform.node(),
        update_run_id=update_run_id,
    )
