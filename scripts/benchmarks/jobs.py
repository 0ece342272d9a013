"""What a crawl of the synthetic track costs by hand and as a job of scrapyd, by each of its runners."""

import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy import select

from benchmarks.frame import Context, Figure, Goal, Target
from benchmarks.installation import SHIPPED_RUNNER, Installation, installed, wait_until
from horses_scrapy.clock import Clock
from horses_scrapy.demo.home import SHIPPED
from horses_scrapy.errors import StoreError
from horses_scrapy.health.facts import client_of
from horses_scrapy.storage.schema import crawl_run
from horses_scrapy.storage.slots import SlotRow, write_slot

NAME = "jobs"
SPIDER = "track_demo"
FLOOR = 'python -c "import scrapy"'
FLOOR_COMMAND = ("-c", "import scrapy")
CRAWL_COMMAND = ("-m", "scrapy", "crawl", SPIDER)
LOOK = 0.02
SERVER = b"horses_scrapy.node.fork_server"
RUNNERS = {"scrapyd.runner": "scrapyd's own runner", "horses_scrapy.node.lean": "lean", SHIPPED_RUNNER: "forked"}
"""The first is what the others are measured against: the same crawl by the same scrapyd."""
NEAR = "a near poll of one race"
JOBS = {"a card and its 3 boards": {}, NEAR: {"race": "1"}}
SECONDS, TIMES, MEGABYTES = Goal("<=", 0.15), Goal(">=", 6, "ratio"), Goal("<", 90)
"""Of a near poll as it is shipped: its processor time, how many times less this is than with scrapyd's own runner, its memory."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the wall clock and of the processor, and megabytes at the peak; pss: of all its processes together."""

    wall: float
    cpu: float
    rss: float
    pss: float


def run(context: Context) -> list[Figure]:
    rounds = 1 if context.quick else 7
    found: dict[str, list[Cost]] = {}
    for number, runner in enumerate(RUNNERS):
        with installed(context.folder / f"home{number}", rate=1, runner=runner) as there:
            if number == 0:
                floor, crawls = _by_hand(there, rounds)
            if runner == SHIPPED_RUNNER:
                _await_fork_server(there)
            found[runner] = [
                median([job(there, f"{name}-{one}", arguments) for one in range(rounds)])
                for name, arguments in JOBS.items()
            ]
    return [
        *_figures("scrapy crawl, a card and its 3 boards", crawls, floor, FLOOR, wall="from start to end"),
        *(
            figure
            for runner, costs in found.items()
            for name, cost, shipped in zip(JOBS, costs, found["scrapyd.runner"], strict=True)
            for figure in _figures(
                f"{name} as a job, {RUNNERS[runner]}", cost, shipped, RUNNERS["scrapyd.runner"],
                wall="from queue to first commit", goals=(runner, name) == (SHIPPED_RUNNER, NEAR),
            )
        ),
    ]  # fmt: skip


def _await_fork_server(there: Installation) -> None:
    wait_until(lambda: list(there.settings.state_dir.glob("fork-*.sock")), there.processes)


def _by_hand(there: Installation, rounds: int) -> tuple[Cost, Cost]:
    """Importing Scrapy, and a crawl."""
    floor, crawls = [], []
    for _ in range(rounds):
        floor.append(cost_of(FLOOR_COMMAND, there.home.environment))
        crawls.append(cost_of(CRAWL_COMMAND, there.home.environment))
    return median(floor), median(crawls)


def _figures(name: str, found: Cost, floor: Cost, against: str, *, wall: str, goals: bool = False) -> list[Figure]:
    """goals: whether it is held against ours."""
    made = [
        _figure(f"{name}: {wall}", found.wall, floor.wall, "s", against, target="track"),
        _figure(f"{name}: processor", found.cpu, floor.cpu, "s", against, goal=SECONDS if goals else None),
        _figure(
            f"{name}: memory at its peak", found.rss, floor.rss, "MB", against, target="memory",
            goal=MEGABYTES if goals else None,
        ),
        _figure(f"{name}: the memory that it alone takes (PSS)", found.pss, floor.pss, "MB", against),
    ]  # fmt: skip
    if goals:
        made.append(_figure(f"{name}: processor, times less", found.cpu, floor.cpu, "s", against, goal=TIMES))
    return made


def _figure(
    name: str,
    value: float,
    floor: float,
    unit: str,
    against: str,
    *,
    target: Target | None = None,
    goal: Goal | None = None,
) -> Figure:
    return Figure(
        name=name,
        value=value,
        unit=unit,
        against=against,
        against_value=floor,
        ratio=floor / value,
        target=target,
        goal=goal,
    )


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.rss for cost in costs),
        statistics.median(cost.pss for cost in costs),
    )


def cost_of(arguments: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Of one Python process, from its start to its end. Raises StoreError where it fails.

    Not ru_maxrss for its memory: that also counts what stood there before exec, which is this process.
    """
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 (our own interpreter)
        [sys.executable, *arguments], cwd=SHIPPED, env=dict(environment), stderr=subprocess.DEVNULL
    )
    with Watch(lambda: [process.pid]) as watch:
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise StoreError(f"{' '.join(arguments)}: ended with {process.returncode}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, watch.peak / 1000, watch.pss / 1000)


# --- A job of scrapyd ---------------------------------------------------------------------------------------------------


def job(there: Installation, name: str, arguments: Mapping[str, str]) -> Cost:
    """One job, alone in the queue: it has its slot, so its row tells when it was due."""
    scrapyd, job_id = there.processes.pid("scrapyd"), re.sub(r"\W+", "-", name)
    before = _spent(scrapyd)
    with Watch(lambda: jobs_of(scrapyd)) as watch:
        _queue(there, job_id, arguments)
        wait_until(lambda: _finished(there, job_id) and not jobs_of(scrapyd), there.processes)
    with there.store.read() as connection:
        row = connection.execute(select(crawl_run).where(crawl_run.c.job_id == job_id)).one()
    if row.outcome != "ok":
        raise StoreError(f"{job_id}: ended as {row.outcome}: {row.reason}")
    wall = (row.committed_mono - row.due_mono) / 1000
    return Cost(wall, _spent(scrapyd) - before, watch.peak / 1000, watch.pss / 1000)


def jobs_of(scrapyd: int) -> list[int]:
    """Its runners, and what the fork server made for them."""
    servers = set(_servers(scrapyd))
    runners = [pid for pid in children_of(scrapyd) if pid not in servers]
    return [*runners, *(pid for server in servers for pid in children_of(server))]


def _servers(scrapyd: int) -> list[int]:
    return [pid for pid in children_of(scrapyd) if SERVER in _command_line(pid)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _spent(scrapyd: int) -> float:
    """Processor time of all jobs so far, with what the fork server itself took for them."""
    return sum((children_seconds(pid) for pid in _servers(scrapyd)), children_seconds(scrapyd))


def _queue(there: Installation, job_id: str, arguments: Mapping[str, str]) -> None:
    row = SlotRow(track="demo", kind="card", due_at=there.now.now_ms(), due_mono=Clock.monotonic_ms(), job_id=job_id)
    with there.store.write() as connection:
        write_slot(connection, row)
    client_of(there.settings).schedule(SPIDER, job_id, 0, arguments)


def _finished(there: Installation, job_id: str) -> bool:
    with there.store.read() as connection:
        ended = select(crawl_run.c.finished_at).where(crawl_run.c.job_id == job_id)
        return connection.scalar(ended) is not None


@dataclass
class Watch:
    """The most memory that any of some processes held, and all of them together (PSS), in kB: read while they live."""

    pids: Callable[[], Sequence[int]]
    peak: int = 0
    pss: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            pids = self.pids()
            self.peak = max([self.peak, *map(peak_of, pids)])
            self.pss = max(self.pss, sum(map(pss_of, pids)))


def children_of(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))


def peak_of(pid: int) -> int:
    """VmHWM in kB; 0 of a process that has ended."""
    return _kilobytes(pid, "status", "VmHWM:")


def pss_of(pid: int) -> int:
    """Its own memory and its share of what it shares, in kB; 0 of a process that has ended."""
    return _kilobytes(pid, "smaps_rollup", "Pss:")


def _kilobytes(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def children_seconds(pid: int) -> float:
    """Processor time of children that have ended and were waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
