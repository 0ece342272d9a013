"""Forty tracks, each polled every 15 s, by the real scheduler and scrapyd: one job for each poll, and windows."""

import datetime as dt
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Row, select

from benchmarks import forty
from benchmarks.frame import Context, Figure, Goal, percentile
from benchmarks.installation import wait_until
from horses_scrapy import clock, config
from horses_scrapy.demo.home import daytime_zone
from horses_scrapy.demo.processes import Processes
from horses_scrapy.errors import ScrapydError
from horses_scrapy.health.facts import client_of
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.schema import slot
from horses_scrapy.storage.slots import NEAR, POLL

NAME = "tracks"
WARM_UP, MEASURED, QUICK = 45, 120, 30
"""Seconds. In the first ones cards are read, and the starts spread over the interval; the others are whole intervals."""
KIND = {0: NEAR, 300: POLL}
TITLE = {0: "40 tracks every 15 s, a job for each poll", 300: "40 tracks every 15 s, windows"}
SHARE = {0: Goal("<", 40), 300: Goal("<", 10)}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Day:
    """What was seen of one way of polling. cpu: seconds of scrapyd, its jobs and the scheduler; pss: MB, the most seen."""

    due: int
    committed: int
    requested_ms: Sequence[float]
    committed_ms: Sequence[float]
    cpu: float
    seconds: float
    rss: float
    pss: float


def run(context: Context) -> list[Figure]:
    seconds = QUICK if context.quick else MEASURED
    figures: list[Figure] = []
    for window, kind in KIND.items():
        with closing_day(context.folder / f"forty-{window}", window) as (store, processes):
            figures += _figures(window, watch(store, processes, kind, seconds))
    return figures


def _figures(window: int, day: Day) -> list[Figure]:
    title, box = TITLE[window], (os.cpu_count() or 1) * day.seconds
    return [
        Figure(name=f"{title}: polls due", value=day.due, unit="polls"),
        Figure(name=f"{title}: missed", value=day.due - day.committed, unit="polls", goal=Goal("<=", 0)),
        Figure(
            name=f"{title}: due to first request, p95",
            value=percentile(day.requested_ms, 0.95),
            unit="ms",
            goal=Goal("<", 1000),
        ),
        Figure(name=f"{title}: due to committed, p95", value=percentile(day.committed_ms, 0.95), unit="ms"),
        Figure(name=f"{title}: of the box", value=100 * day.cpu / box, unit="%", goal=SHARE[window]),
        Figure(name=f"{title}: processor of a poll", value=1000 * day.cpu / max(1, day.committed), unit="ms"),
        Figure(name=f"{title}: largest job", value=day.rss, unit="MB", goal=Goal("<", 90)),
        Figure(name=f"{title}: sum of PSS", value=day.pss, unit="MB"),
    ]


@contextmanager
def closing_day(folder: Path, window: int) -> Iterator[tuple[Store, Processes]]:
    """Site, scrapyd and scheduler, warmed up."""
    zone = daytime_zone(dt.datetime.now(dt.UTC))
    home = forty.make(folder, zone, window)
    settings = config.load(environ=home.environment)
    with closing(open_store(settings, clock.Clock(), create_as="demo")) as store, Processes(home) as processes:
        start = int(time.time()) // 60 * 60
        processes.start("tote", ["-m", "benchmarks.forty", str(home.ports["tote"]), str(start), zone])
        processes.start("scrapyd", ["scripts/run_scrapyd.py"])
        wait_until(lambda: "listening" in processes.log("tote").read_text(), processes)
        wait_until(lambda: _answers(settings), processes)
        processes.start("scheduler", ["scripts/scheduler.py"])
        wait_until(lambda: len(_due(store, KIND[window], 0, clock.Clock().now_ms())) >= forty.TRACKS, processes, 120)
        _pass(processes, WARM_UP)
        yield store, processes


def _answers(settings: config.Settings) -> bool:
    try:
        return bool(client_of(settings).listspiders())
    except ScrapydError:
        return False


def watch(store: Store, processes: Processes, kind: str, seconds: int) -> Day:
    ours = [processes.pid("scrapyd"), processes.pid("scheduler")]
    since, before, began = clock.Clock().now_ms(), sum(map(cpu_of, ours)), time.monotonic()
    rss = pss = 0.0
    while time.monotonic() - began < seconds:
        _pass(processes, 5)
        memory = {pid: memory_of(pid) for pid in tree(ours[0])}
        pss = max(pss, sum(one[1] for one in memory.values()))
        rss = max([rss, *(memory_of(pid)[0] for pid in jobs_of(ours[0]))])
    took, cpu = time.monotonic() - began, sum(map(cpu_of, ours)) - before
    _pass(processes, 10)  # what was due at the end is committed by then
    rows = _due(store, kind, since, since + seconds * 1000)
    done = [row for row in rows if row.committed_mono is not None]
    return Day(
        due=forty.TRACKS * (seconds // forty.EVERY),
        committed=len(done),
        requested_ms=[row.requested_mono - row.due_mono for row in done if row.requested_mono is not None],
        committed_ms=[row.committed_mono - row.due_mono for row in done],
        cpu=cpu,
        seconds=took,
        rss=rss,
        pss=pss,
    )


def _pass(processes: Processes, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        processes.check()
        time.sleep(0.5)


def _due(store: Store, kind: str, since: int, until: int) -> Sequence[Row[int, int, int]]:
    query = select(slot.c.due_mono, slot.c.requested_mono, slot.c.committed_mono)
    with store.read() as connection:
        return connection.execute(query.where(slot.c.kind == kind, slot.c.due_at >= since, slot.c.due_at < until)).all()


# --- Of a process and all that came from it ------------------------------------------------------------------------------


def tree(pid: int) -> list[int]:
    """The process and its living descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(one for child in map(int, children) for one in tree(child))]


def jobs_of(scrapyd: int) -> list[int]:
    """Forked jobs: they are the fork server's children, and it is scrapyd's."""
    return [job for child in tree(scrapyd)[1:] for job in tree(child)[1:]]


def cpu_of(pid: int) -> float:
    """Seconds, with children that have ended and were waited for; and those that live."""
    total = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def memory_of(pid: int) -> tuple[float, float]:
    """RSS and PSS in MB; nothing of a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0
    found = {line.split(":")[0]: int(line.split()[1]) / 1000 for line in lines[1:]}
    return found.get("Rss", 0.0), found.get("Pss", 0.0)
