"""Rules about ourselves on a database: facts are read, and states, alerts and deliveries commit together."""

import logging
import shutil
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from sqlalchemy import Connection

from alerts.address import address
from alerts.engine import Setting, move_states, states_of
from alerts.evaluate import Evaluation
from alerts.expiry import AFTER_POST_MS, expires_at
from alerts.history import HARMLESS
from alerts.reading.facts import MINUTE_MS, Fault, House, Polling, SystemFacts
from alerts.rules.system import (
    CrawlFailuresRule,
    ErrorBurstRule,
    FailureRateRule,
    FrozenProbablesRule,
    SelectorHealthRule,
    StaleSourceRule,
)
from alerts.system import SystemFiring, evaluate_system
from alerts.wording.system import of_system
from horses_scrapy.clock import Clock
from horses_scrapy.storage import alerts as sql
from horses_scrapy.storage import system_facts as facts_sql
from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.mail_facts import mail_facts
from horses_scrapy.storage.system_facts import Ask, Filling, TrackFacts

log = logging.getLogger(__name__)

QUIET_MS = 5 * MINUTE_MS
"""The database is sound again once it has refused nothing for so long."""
AHEAD_MS = 2 * 60 * MINUTE_MS
"""Races that are looked at in any case: those with a post within two hours."""
NEWEST_MS = 60 * MINUTE_MS
"""Boards older than this are not a race's newest."""
LONGEST_CRAWL_MS = 10 * MINUTE_MS
FILLED_RUNS = 200
"""Runs back to look for fill rates, about a day of them: the first boards near a post are held to those of yesterday."""
SOUND_FLAGS = tuple(
    ",".join(sorted(flags)) for size in range(len(HARMLESS) + 1) for flags in combinations(HARMLESS, size)
)


def free_mb(folder: Path) -> int:
    return shutil.disk_usage(folder).free // 1_000_000


class SystemEngine:
    """The rules about ourselves of one process. watching_since: when it began to crawl; see reading.system.stale."""

    def __init__(
        self,
        store: Store,
        setting: Setting,
        clock: Clock,
        *,
        watching_since: int,
        free: Callable[[Path], int] = free_mb,
    ) -> None:
        self._store, self._setting, self._clock = store, setting, clock
        self._since = watching_since
        self._free = free
        self._faults: list[Fault] = []
        self._polling: tuple[Polling, ...] = ()
        self._filled: dict[str, tuple[int, tuple[Filling, ...]]] = {}

    def evaluate_track(self, key: str) -> list[str]:
        """The lines of what is told, after a crawl of the track has ended."""
        return self._evaluate((key,), whole=False)

    def evaluate_all(self, tracks: Collection[str]) -> list[str]:
        """The lines of what is told, at a tick: of these tracks, the database, the mail and the polls."""
        told = self._evaluate(tracks, whole=True)
        # Only now: what could not be written is told by the first look that can write again.
        self._faults = [fault for fault in self._faults if self._clock.now_ms() - fault.at < QUIET_MS]
        return told

    def store_failed(self, error: Exception) -> None:
        """Kept in memory until it can be told: the database itself cannot take it."""
        if not self._faults:
            log.critical("The database does not take what is written; this is told once it does: %s", error)
        self._faults.append(Fault(self._clock.now_ms(), str(error)))
        del self._faults[1:-10]

    def polls(self, polling: Iterable[Polling]) -> None:
        """What the scheduler knows of its polls now; what it leaves out is not known."""
        self._polling = tuple(polling)

    def _evaluate(self, tracks: Collection[str], *, whole: bool) -> list[str]:
        if not self._setting.rules.on_ourselves:
            tracks = ()  # nothing is asked, and what rules that are gone had told is forgotten
        with self._store.read() as connection:
            if not self._judge(connection, tracks, whole=whole).transitions:
                return []
        # Judged again under the lock: the scheduler and a crawl that ends may look at the same instant.
        with self._store.write() as connection:
            found = self._judge(connection, tracks, whole=whole)
            move_states(connection, None, found.transitions)
            return [self._tell(connection, firing) for firing in found.fired]

    def _judge(self, connection: Connection, tracks: Collection[str], *, whole: bool) -> Evaluation[SystemFiring]:
        now = self._clock.now_ms()
        known = self._setting.around.tracks
        codes = {key: known[key].code for key in tracks}
        facts = SystemFacts(
            watching_since=self._since,
            tracks=tuple(
                self._with_fillings(connection, track)
                for track in facts_sql.track_facts(connection, codes, self._ask(now))
            ),
            house=self._house(connection, now) if whole else None,
        )
        return evaluate_system(facts, self._setting.rules, states_of(connection, None), now)

    def _with_fillings(self, connection: Connection, track: TrackFacts) -> TrackFacts:
        """Read once for each run that ended: half of what a tick reads would be fill rates that it has read before."""
        if not track.runs or not any(isinstance(rule, SelectorHealthRule) for rule in self._setting.rules.on_ourselves):
            return track
        newest = track.runs[0].run_id
        kept = self._filled.get(track.key)
        if kept is None or kept[0] != newest:
            kept = newest, facts_sql.fillings(connection, track.key, FILLED_RUNS)
            self._filled[track.key] = kept
        return replace(track, fillings=kept[1])

    def _house(self, connection: Connection, now_ms: int) -> House:
        return House(
            free_mb=None if self._store.path is None else self._free(self._store.path.parent),
            faults=tuple(self._faults),
            mail=mail_facts(connection, now_ms),
            polling=self._polling,
        )

    def _ask(self, now_ms: int) -> Ask:
        rules = self._setting.rules.on_ourselves
        minutes = [rule.minutes for rule in rules if isinstance(rule, FailureRateRule | ErrorBurstRule)]
        ahead = [round(rule.before_post * MINUTE_MS) for rule in rules if isinstance(rule, StaleSourceRule)]
        frozen = any(isinstance(rule, FrozenProbablesRule) for rule in rules)
        return Ask(
            races_since=now_ms - AFTER_POST_MS,
            races_until=now_ms + max([AHEAD_MS, *ahead]),
            runs_since=now_ms - round(max([0, *minutes]) * MINUTE_MS) - LONGEST_CRAWL_MS,
            runs=max([1, *(rule.count for rule in rules if isinstance(rule, CrawlFailuresRule))]),
            boards_since=now_ms - NEWEST_MS if frozen else None,
            sound_flags=SOUND_FLAGS,
            stale_after_ms=round(self._setting.rules.stale_after * 1000),
        )

    def _tell(self, connection: Connection, firing: SystemFiring) -> str:
        now = self._clock.now_ms()
        track = None if firing.track is None else self._setting.around.tracks[firing.track]
        detail = of_system(firing, track, now)
        rule, finding = firing.rule, firing.finding
        alert_id = sql.add_alert(
            connection,
            sql.NewAlert(
                **firing.identity._asdict(),
                alert_type=rule.kind,
                severity=rule.severity,
                event=firing.event,
                race_id=None,
                entry_id=None,
                unit=rule.unit,
                threshold_value=finding.threshold,
                actual_value=finding.value,
                previous_value=finding.before,
                message=detail.text,
                detail=detail.to_json(),
                triggered_at=now,
                board_id=None,
                expires_at=expires_at(rule.kind, None, now),
                created_at=now,
                committed_mono=self._clock.monotonic_ms(),
            ),
        )
        address(connection, alert_id, rule, self._setting.recipients, self._setting.mode)
        return detail.text
