"""Clients of an HTTP server on loopback: one that asks when it has its answer, one that asks by the clock.

`python -m benchmarks.asking PORT PID RATE SECONDS`, the paths on standard input, is the second one, in a process of its own;
PID is the server's.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path

OK = 200
TICKS = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64
"""Of the client that asks by the clock: as many readers, each with a connection that stays open."""


class NotOk(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Load:
    """taken: seconds from the instant at which each request was due. errors: answers that were none, or not 200.

    seconds: to the last answer. cpu: of a core, what the server used for all of it, in the time in which it was asked: above 1
    where it cannot go on like that.
    """

    taken: list[float]
    errors: int
    bytes: int
    cpu: float
    seconds: float


def in_turn(port: int, paths: Sequence[str]) -> list[float]:
    """Seconds of each, one after the other on one connection. Raises NotOk for an answer that is not 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        return [_one(connection, path) for path in paths]
    finally:
        connection.close()


def _one(connection: HTTPConnection, path: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    taken = time.perf_counter() - began
    if answer.status != OK:
        raise NotOk(f"{path}: {answer.status}: {body[:200]!r}")
    return taken


async def by_the_clock(port: int, pid: int, paths: Sequence[str], rate: float, seconds: float) -> Load:
    """Whatever the server does: who asks too late, because all connections wait, waits at the server's cost."""
    idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
    connections = [Connection(port) for _ in range(CONNECTIONS)]
    for one in connections:
        idle.put_nowait(one)
    began, before = asyncio.get_running_loop().time() + 0.2, cpu_of(pid)
    dues = (began + number / rate for number in range(int(rate * seconds)))
    asked = [_at(due, idle, path) for due, path in zip(dues, islice(cycle(paths), int(rate * seconds)), strict=True)]
    answers = await asyncio.gather(*asked)
    took, cpu = asyncio.get_running_loop().time() - began, cpu_of(pid) - before
    for one in connections:
        await one.close()
    done = [answer for answer in answers if answer is not None]
    taken, sizes = [taken for taken, _ in done], sum(size for _, size in done)
    return Load(taken, len(answers) - len(done), sizes, cpu / seconds, took)


def cpu_of(pid: int) -> float:
    """Seconds, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def _at(due: float, idle: "asyncio.LifoQueue[Connection]", path: str) -> tuple[float, int] | None:
    """Seconds since it was due, and bytes; None for an error."""
    clock = asyncio.get_running_loop()
    await asyncio.sleep(due - clock.time())
    connection = await idle.get()
    try:
        size = await connection.ask(path)
    except (OSError, EOFError, NotOk):
        await connection.close()
        return None
    finally:
        idle.put_nowait(connection)
    return clock.time() - due, size


class Connection:
    """Opened at its first request, and after it was closed: a server lets go of one that nobody has used for seconds."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str) -> int:
        """Bytes of the body. Raises NotOk, EOFError, OSError."""
        if self._open is None or self._open[0].at_eof():
            await self.close()
            self._open = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._open
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(size)
        if int(head.split(b" ", 2)[1]) != OK:
            raise NotOk(path)
        return size

    async def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            with suppress(OSError):
                await self._open[1].wait_closed()
        self._open = None


if __name__ == "__main__":
    told = by_the_clock(int(sys.argv[1]), int(sys.argv[2]), sys.stdin.read().split(), *map(float, sys.argv[3:]))
    print(json.dumps(asdict(asyncio.run(told))))
