"""Forks a process for each job, everything imported: `python -m horses_scrapy.node.fork_server <socket>` (Linux).

Our launcher starts it and holds the other end of its standard input; when that closes (scrapyd has ended, however) it takes
no more jobs, and goes with the last. One thread, no reactor: both would be lost in the fork.
"""

import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from horses_scrapy.node import lean
from horses_scrapy.node.preload import changed_at, loaded, preload, stamps
from horses_scrapy.node.runner import LENGTH, reach

PATIENCE = 5
"""Seconds for a request, whose runner sends it in one go."""
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Request:
    """streams: standard input, output and error of the runner."""

    folder: bytes
    arguments: list[bytes]
    environment: dict[bytes, bytes]
    streams: list[int]


class Server:
    """runners: those that wait, by the process that each waits for. made_of: the files that it imported (preload.stamps)."""

    def __init__(
        self, path: str, listener: socket.socket, runners: dict[int, socket.socket], made_of: dict[str, int | None]
    ) -> None:
        self._path, self._listener, self._runners, self._made_of = path, listener, runners, made_of
        self._open = True
        self._selector = selectors.DefaultSelector()
        self._woken, woken = socket.socketpair()
        for end in (self._woken, woken):
            end.setblocking(False)
        self._wakes = woken
        signal.set_wakeup_fd(woken.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(0, selectors.EVENT_READ, self._close)
        self._selector.register(self._woken, selectors.EVENT_READ, self._reap)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        for pid in runners:
            self._watch(pid)

    def serve(self) -> None:
        """Until nobody can ask any more, and the last job is over."""
        self._reap()
        while self._open or self._runners:
            for key, _ in self._selector.select():
                key.data()

    def _close(self) -> None:
        self._open = False
        self._selector.unregister(0)
        self._selector.unregister(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        if any(changed_at(path) != at for path, at in self._made_of.items()):
            self._renew()
        runner, _ = self._listener.accept()
        runner.settimeout(PATIENCE)
        try:
            request = receive(runner)
        except (OSError, ValueError) as error:
            sys.stderr.write(f"a request was left: {error}\n")
            runner.close()
            return
        pid = os.fork()
        if pid == 0:
            self._leave_to(request)
        for stream in request.streams:
            os.close(stream)
        self._runners[pid] = runner
        self._watch(pid)

    def _renew(self) -> NoReturn:
        """Become a new server, in this process: it listens already, and our children stay its own."""
        held = [f"{pid}:{runner.fileno()}" for pid, runner in self._runners.items()]
        for kept in (self._listener, *self._runners.values()):
            kept.set_inheritable(True)
        told = [self._path, str(self._listener.fileno()), *held]
        os.execv(sys.executable, [sys.executable, "-m", "horses_scrapy.node.fork_server", *told])  # noqa: S606 (no shell wanted)

    def _watch(self, pid: int) -> None:
        self._selector.register(self._runners[pid], selectors.EVENT_READ, lambda: self._hear(pid))

    def _hear(self, pid: int) -> None:
        """A signal to pass on; or the runner has gone, and its job goes, too."""
        runner = self._runners.get(pid)
        if runner is None:  # its job ended in the same round
            return
        try:
            told = runner.recv(1)
        except ConnectionError:
            told = b""
        os.kill(pid, told[0] if told else signal.SIGKILL)
        if not told:
            self._selector.unregister(runner)

    def _reap(self) -> None:
        self._drain()
        for pid in list(self._runners):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._tell(self._runners.pop(pid), os.waitstatus_to_exitcode(status))

    def _drain(self) -> None:
        try:
            self._woken.recv(4096)
        except BlockingIOError:
            return

    def _tell(self, runner: socket.socket, status: int) -> None:
        if runner in self._selector.get_map():
            self._selector.unregister(runner)
        with suppress(ConnectionError):  # it may have gone before its job
            runner.sendall(status.to_bytes(LENGTH, "big", signed=True))
        runner.close()

    def _leave_to(self, request: Request) -> NoReturn:
        """In the child: close what is the server's, and run the job."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for held in (self._listener, self._woken, self._wakes, *self._runners.values()):
            held.close()
        become(request)


def receive(runner: socket.socket) -> Request:
    """Raises ValueError where it is cut short."""
    head, streams, _, _ = socket.recv_fds(runner, LENGTH, 3)
    length = int.from_bytes(head, "big")
    parts = b"".join(_chunks(runner, length))
    if len(head) < LENGTH or len(parts) < length or len(streams) < 3:
        for stream in streams:
            os.close(stream)
        raise ValueError(f"{len(parts)} of {length} bytes, {len(streams)} streams")
    runner.settimeout(None)
    folder, count, *words = parts.split(b"\0")
    environment = (word.partition(b"=") for word in words[int(count) :])
    return Request(folder, words[: int(count)], {name: value for name, _, value in environment}, list(streams))


def _chunks(runner: socket.socket, length: int) -> Iterator[bytes]:
    while length and (chunk := runner.recv(length)):
        length -= len(chunk)
        yield chunk


def become(request: Request) -> NoReturn:
    """The job, with its own streams, directory and environment. It ends when the server is killed: nobody would know it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    for number, stream in enumerate(request.streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request.folder)
    os.environb.clear()
    os.environb.update(request.environment)
    time.tzset()
    sys.path[0] = os.fsdecode(request.folder)
    sys.argv = ["scrapy", *map(os.fsdecode, request.arguments)]
    lean.run()


def listen(path: str) -> socket.socket:
    """On a socket of ours alone, in place of one that an earlier server left."""
    listener = socket.socket(socket.AF_UNIX)
    new = f"{path}.{os.getpid()}"
    before = os.umask(0o177)
    try:
        reach(listener.bind, new)
    finally:
        os.umask(before)
    listener.listen(128)
    os.replace(new, path)  # noqa: PTH105 (as text everywhere else here)
    return listener


def main(path: str, inherited: str | None = None, *held: str) -> None:
    """inherited, held: of the server that this process was before, its listener, and `pid:descriptor` of each runner."""
    before = stamps()
    for line in preload():
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    pairs = (pair.split(":") for pair in held)
    runners = {int(pid): socket.socket(fileno=int(descriptor)) for pid, descriptor in pairs}
    listener = listen(path) if inherited is None else socket.socket(fileno=int(inherited))
    for kept in (listener, *runners.values()):
        kept.set_inheritable(False)
    gc.collect()
    gc.freeze()  # a collection in a job would copy the pages that it shares with us
    Server(path, listener, runners, loaded(before)).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
