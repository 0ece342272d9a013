"""A short race day of six tracks with the real scrapyd and scheduler; scrapyd is killed twice, and its jobs outlive it.

Three tracks are polled in windows, three by a job for each poll. Every race of the synthetic tote drags; one is called off.
"""

import datetime as dt
import json
import os
import signal
import textwrap
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from benchmarks import forty
from sqlalchemy import text

from horses_scrapy import clock, config
from horses_scrapy.clock import to_ms
from horses_scrapy.demo import audit
from horses_scrapy.demo.home import daytime_zone, make_home
from horses_scrapy.demo.processes import ProcessDied, Processes
from horses_scrapy.errors import OK, ScrapydError
from horses_scrapy.health.facts import client_of
from horses_scrapy.scheduling.captures import SECONDS
from horses_scrapy.simulator.faults import Faults
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server
from horses_scrapy.storage.engine import open_store

RATE = 10
TRACKS = [f"t{number:02}" for number in range(6)]
WINDOWS, SINGLES = frozenset(TRACKS[:3]), frozenset(TRACKS[3:])
CANCELLED = ("t01", 2)
AWAY_S = 3
"""Real seconds from a death of scrapyd to its successor's start."""
CAUGHT_UP_MS = 100_000
"""Of the card's clock, once scrapyd answers: the jobs of all tracks start at once, ten times as slowly as in life."""
START_MS = 20_000
"""Of the card's clock: what the start of a job may take on a busy machine."""
DEATHS_S = (200, 520)
"""Seconds of the card's clock after the start: before the first posts, and between the first and the second race."""
LONGEST_S = 150
"""Real seconds."""
AROUND = {"far_threshold": 7200, "near_post_threshold": 300, "last_minutes_threshold": 120, "hours_before": 10_800}
BY_WINDOW = {"default_interval": 180, "near_post_interval": 20, "last_minutes_interval": 20, "after_post_interval": 20}
BY_JOB = {**dict.fromkeys((*BY_WINDOW, "off_interval"), 60), "default_interval": 180}
NEAREST = {True: 20_000, False: 60_000}
"""Milliseconds between two polls near a post, in windows and by jobs."""


@dataclass
class Day:
    """What is needed of the day while it goes on, and what was seen of it. away: (from, until) without a scrapyd, or behind."""

    home: forty.FortyHome
    now: clock.Clock
    store: object
    processes: Processes
    ledgers: dict[str, Ledger]
    started: int
    away: list[tuple[int, int]] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)

    def rows(self, query):
        with self.store.read() as connection:
            return connection.execute(text(query)).all()

    def wait_until(self, happened, patience=60):
        until = time.monotonic() + patience
        while not happened():
            self.processes.check()
            assert time.monotonic() < until, (self.processes.log("scheduler").read_text()[-3000:], patience)
            time.sleep(0.1)

    def kill_scrapyd(self):
        """Its jobs go on, as nobody's children."""
        killed = self.now.now_ms()
        self.dead.append(self.processes.pid("scrapyd"))
        os.kill(self.dead[-1], signal.SIGKILL)
        time.sleep(AWAY_S)
        with pytest.raises(ProcessDied, match="scrapyd ended with -9"):
            self.processes.check()
        self.processes.start("scrapyd", ["scripts/run_scrapyd.py"])
        self.wait_until(lambda: answers(self.home))
        self.away.append((killed, self.now.now_ms() + CAUGHT_UP_MS))

    def without_scrapyd(self, since, until):
        return any(since < end and start < until for start, end in self.away)


def answers(home):
    try:
        return bool(client_of(config.load(environ=home.environment)).listspiders())
    except ScrapydError:
        return False


def six_tracks(folder, zone):
    """As the home of the row `tracks` is made, with other cadences."""
    made = make_home(folder, RATE, zone)
    home = forty.FortyHome(made.path, made.clock, made.ports, made.password, window=300)
    path = folder / "config" / "tracks.yaml"
    shipped = yaml.safe_load(path.read_text("utf-8"))
    source = {**shipped["sources"]["demo"], "access": "own", "floor": 15}
    blocks = {key: track_of(number, shipped["tracks"]["demo"], home) for number, key in enumerate(TRACKS)}
    path.write_text(yaml.safe_dump({"sources": {"demo": source}, "tracks": blocks}, sort_keys=False), "utf-8")
    package = folder / "forty"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "settings.py").write_text(textwrap.dedent(forty.SETTINGS), "utf-8")
    (package / "spiders.py").write_text(textwrap.dedent(forty.SPIDERS.format(tracks=len(TRACKS))), "utf-8")
    (folder / "scrapy.cfg").write_text("[settings]\nhorses = forty.settings\n", "utf-8")
    return home


def track_of(number, demo, home):
    url = f"http://{forty.host(number)}:{home.ports['tote']}"
    cadence = {**AROUND, **(BY_WINDOW if TRACKS[number] in WINDOWS else BY_JOB)}
    named = {"code": f"T{number:02}", "name": f"Downs {number:02}", "base_url": url, "page": f"{url}/"}
    return {**demo, **named, "cadence": cadence}


def card_of(number, start, zone):
    """The posts of two tracks each fall together."""
    track = TRACKS[number]
    return Plan(
        seed=number, start=start, races=2, first_post=420 + 60 * (number % 3), spacing=300, timezone=zone,
        cancelled=CANCELLED[1] if track == CANCELLED[0] else None,
    )  # fmt: skip


def serve(stack, home, now, ledgers):
    for number, ledger in enumerate(ledgers.values()):
        server = Server(ledger, now, home.ports["tote"], log=None, rules=Faults(()), host=forty.host(number))
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        stack.callback(server.server_close)
        stack.callback(serving.join)
        stack.callback(server.stop)


def bury(day):
    for pid in day.dead:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The day, played to its end."""
    folder: Path = tmp_path_factory.mktemp("day")
    zone = daytime_zone(dt.datetime.now(dt.UTC))
    home = six_tracks(folder / "home", zone)
    settings, now = config.load(environ=home.environment), clock.from_environment(home.environment)
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(settings, now, create_as="demo")))
        processes = stack.enter_context(Processes(home))
        processes.start("scrapyd", ["scripts/run_scrapyd.py"])
        start = now.now().replace(microsecond=0)
        day = Day(home, now, store, processes, {}, 0)
        stack.callback(bury, day)
        day.wait_until(lambda: answers(home))
        start = now.now().replace(microsecond=0)
        day.started = to_ms(start)
        opened = start - dt.timedelta(seconds=120)
        day.ledgers = {track: Ledger(card_of(number, opened, zone)) for number, track in enumerate(TRACKS)}
        serve(stack, home, now, day.ledgers)
        processes.start("scheduler", ["scripts/scheduler.py"])
        play(day)
        assert processes.stop()["scheduler"] == OK
        yield day


def lasting_window(day):
    query = "SELECT max(until_at) FROM slot JOIN crawl_run USING (run_id) WHERE finished_at IS NULL"
    (latest,) = day.rows(query)[0]
    return latest is not None and latest > day.now.now_ms() + 2 * AWAY_S * RATE * 1000


def play(day):
    for death in DEATHS_S:
        caught_up = max((until for _, until in day.away), default=0)
        at = max(day.started + death * 1000, caught_up)
        day.wait_until(lambda at=at: day.now.now_ms() >= at and lasting_window(day))
        day.kill_scrapyd()
    settled = "SELECT count(*) FROM capture WHERE tag = 'final'"
    day.wait_until(lambda: day.rows(settled) == [(12,)], LONGEST_S)
    day.wait_until(lambda: not day.rows("SELECT 1 FROM crawl_run WHERE finished_at IS NULL"))


pytestmark = pytest.mark.slow


def test_each_slot_was_polled_once_or_given_up_while_scrapyd_was_away(day):
    slots = day.rows(
        "SELECT slot.*, crawl_run.outcome, crawl_run.reason AS why FROM slot LEFT JOIN crawl_run USING (run_id)"
    )
    kinds = Counter(slot.kind for slot in slots)
    assert kinds["poll"] > 30, kinds
    assert kinds["near"] > 6, kinds
    assert kinds["window"] > 6, kinds
    for slot in slots:
        if (slot.state, slot.outcome) != ("posted", "ok"):
            ended = (slot.state, slot.outcome)
            assert ended in {("failed", None), ("posted", "skipped")}, slot  # skipped: the window was over by its start
            assert slot.reason or slot.why
            every = slot.every or NEAREST[slot.track in WINDOWS]
            assert day.without_scrapyd(slot.due_at - every, slot.due_at + every), slot


def test_no_slot_counts_twice(day):
    counted = day.rows("SELECT job_id, count(*) FROM crawl_run WHERE outcome <> 'superseded' GROUP BY job_id")
    assert [job for job, count in counted if count > 1] == []
    claimed = dict(day.rows("SELECT job_id, run_id FROM slot WHERE run_id IS NOT NULL AND kind <> 'poll'"))
    runs = dict(day.rows("SELECT job_id, run_id FROM crawl_run WHERE outcome <> 'superseded'"))
    assert runs == claimed
    for track, polls in polls_of(day).items():
        least = 15_000 if track in WINDOWS else 30_000  # an off brings instants of its own; a job may be late by half
        close = [(before, after) for before, after in pairwise(polls) if after.due_at - before.due_at < least]
        assert close == [], track


def test_no_poll_of_a_window_is_missing(day):
    """But those at which the one before was still under way, which its run owns up to; the last one may end the race."""
    polls = polls_of(day)
    windows = day.rows(
        "SELECT slot.*, started_at, finished_at, summary FROM slot JOIN crawl_run USING (run_id)"
        " WHERE slot.kind = 'window' AND outcome = 'ok'"
    )
    assert {window.track for window in windows} == WINDOWS
    for window in windows:
        until = min(window.until_at, window.finished_at - window.every)
        instants = [at for at in range(window.due_at, until, window.every) if at > window.started_at]
        missing = [at for at in instants if not any(poll.due_at <= at <= poll.ended for poll in polls[window.track])]
        assert len(missing) <= json.loads(window.summary)["skipped"], (missing, window)


def test_windows_outlive_their_scrapyd(day):
    polls = [poll.due_at for track, made in polls_of(day).items() if track in WINDOWS for poll in made]
    for killed, _ in day.away:
        without = range(killed + 5000, killed + AWAY_S * RATE * 1000)
        assert any(at in without for at in polls), killed


def test_nothing_is_left_out_near_a_post(day):
    """Whatever was planned: from four minutes before the post to the result a track is polled at its cadence."""
    for track, polls in polls_of(day).items():
        longest = 2 * NEAREST[track in WINDOWS] + START_MS
        for entry in day.ledgers[track].races.values():
            since = max(to_ms(entry.race.times.post) - 240_000, day.started + CAUGHT_UP_MS)
            within = [poll for poll in polls if since <= poll.due_at <= to_ms(entry.race.times.ends)]
            gaps = [
                (before, after)
                for before, after in pairwise(within)
                if after.due_at - before.ended > longest and not day.without_scrapyd(before.due_at, after.due_at)
            ]
            assert gaps == [], (track, entry.race.number)


class Poll(NamedTuple):
    """Instants of the card's clock; ended: when what it read was stored, else when it was due."""

    due_at: int
    ended: int


def polls_of(day):
    """By track, in order; not the job that makes several."""
    found = defaultdict(list)
    query = "SELECT * FROM slot WHERE run_id IS NOT NULL AND kind <> 'window' ORDER BY due_at"
    for slot in day.rows(query):
        took = 0 if slot.committed_mono is None else (slot.committed_mono - slot.due_mono) * RATE
        found[slot.track].append(Poll(slot.due_at, slot.due_at + took))
    return found


def test_each_race_has_its_captures_and_its_final_board(day):
    captures = defaultdict(dict)
    query = "SELECT * FROM capture JOIN race USING (race_id) JOIN track USING (track_id)"
    for row in day.rows(query):
        captures[row.key, row.race_number][row.tag] = row
    assert captures.keys() == {(track, number) for track in TRACKS for number in (1, 2)}
    for (track, number), tags in captures.items():
        assert tags.keys() == {*SECONDS, "final"}
        assert all((row.board_id is None) != (row.reason is None) for row in tags.values())
        if (track, number) == CANCELLED:
            assert {row.reason for row in tags.values()} == {"cancelled"}
            continue
        with day.store.read() as connection:
            assert audit.is_final(connection, tags["final"].board_id, day.ledgers[track].races[number]), (track, number)
        if track in SINGLES:
            assert {tags[tag].reason for tag in ("t+15", "t+30")} <= {"floor", None}


def test_nothing_failed_that_a_log_tells(day):
    said = day.processes.log("scheduler").read_text()
    assert "Traceback" not in said
    assert said.count("Polls that fall due wait for it") == len(DEATHS_S)
    assert said.count("scrapyd answers again") == len(DEATHS_S)
