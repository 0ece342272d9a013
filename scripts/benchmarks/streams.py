"""Row `streams`: what 200 open streams cost the board while a board a second is committed, and how soon each is told.

The neighbour is the same commits with nobody listening: what is left is the streams' own.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress

from benchmarks import board_home, samples
from benchmarks.asking import cpu_of
from benchmarks.board_home import Sample
from benchmarks.frame import Context, Figure, Goal, percentile

NAME = "streams"

STREAMS = 200
SECONDS, QUICK_SECONDS = 60, 15
OBSERVED, QUICK_OBSERVED = 1_000_000, 100_000
EVERY_S = 1.0
ASK = b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BOARD = b"event: board\n"
PATIENCE_S = 30.0


def run(context: Context) -> list[Figure]:
    seconds, observed = (QUICK_SECONDS, QUICK_OBSERVED) if context.quick else (SECONDS, OBSERVED)
    sample = board_home.prepared(context, observed)
    boards = sample.boards()
    with board_home.running(context, sample) as (port, pid):
        alone = asyncio.run(measured(port, pid, 0, seconds, sample, boards))
        told = asyncio.run(measured(port, pid, STREAMS, seconds, sample, boards))
    waits = [wait for client in told.waits for wait in client]
    missed = STREAMS * len(told.commits) - len(waits)
    return [
        Figure(
            name=f"{STREAMS} streams, a board a second: of a core", value=told.cpu * 100, unit="%",
            against="nobody listens", against_value=alone.cpu * 100, goal=Goal("<", 5),
        ),
        Figure(name="commit to client p50", value=percentile(waits, 0.5) * 1000, unit="ms"),
        Figure(name="commit to client p95", value=percentile(waits, 0.95) * 1000, unit="ms", goal=Goal("<", 1000)),
        Figure(name="events missed", value=missed, unit="", goal=Goal("<=", 0)),
    ]  # fmt: skip


class Told:
    """commits: when (monotonic s); waits: of each client, seconds from each commit to its event; cpu: share of a core."""

    def __init__(self, commits: Sequence[float], heard: Sequence[Sequence[float]], cpu: float) -> None:
        self.commits = commits
        self.waits = [[at - commit for commit, at in zip(commits, one, strict=False)] for one in heard]
        self.cpu = cpu


async def measured(port: int, pid: int, streams: int, seconds: int, sample: Sample, boards: board_home.Boards) -> Told:
    heard: list[list[float]] = [[] for _ in range(streams)]
    ready = [asyncio.Event() for _ in range(streams)]
    listeners = [asyncio.create_task(_listen(port, *each)) for each in zip(heard, ready, strict=True)]
    await asyncio.wait_for(asyncio.gather(*(one.wait() for one in ready)), PATIENCE_S)
    before, began = cpu_of(pid), time.monotonic()
    commits = await asyncio.to_thread(_commit, sample, boards, seconds)
    await asyncio.sleep(EVERY_S)
    cpu = (cpu_of(pid) - before) / (time.monotonic() - began)
    for one in listeners:
        one.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    return Told(commits, heard, cpu)


async def _listen(port: int, heard: list[float], ready: asyncio.Event) -> None:
    """Boards come in the order of their commits: the nth event is of the nth."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    try:
        writer.write(ASK)
        while line := await reader.readline():
            if line == BOARD:
                heard.append(time.monotonic())
            elif line.startswith(b"event: hello"):
                ready.set()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _commit(sample: Sample, boards: board_home.Boards, seconds: int) -> list[float]:
    commits = []
    tick = threading.Event()
    with closing(samples.opened(sample.file)) as store:
        for race, poll in (next(boards) for _ in range(int(seconds / EVERY_S))):
            board_home.store_one(store, race, poll)
            commits.append(time.monotonic())
            tick.wait(EVERY_S)
    return commits
