"""The demo's child processes: started in order, watched, stopped in reverse."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from horses_scrapy.demo.home import SHIPPED, Home
from horses_scrapy.errors import HorsesError

GRACE = 10


class ProcessDied(HorsesError):
    """A part of the demo ended before it was stopped."""


@dataclass(slots=True)
class Processes:
    """Children of this demo, each with its log in the home's logs folder."""

    home: Home
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Run `python <arguments>` from the project's root in a process group of its own."""
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 (our own interpreter and scripts)
                [sys.executable, *arguments],
                cwd=SHIPPED,
                env=self.home.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def log(self, name: str) -> Path:
        folder = self.home.path / "logs"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.out"

    def check(self) -> None:
        """Raises ProcessDied with the last lines of the log of a child that has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                tail = "\n".join(self.log(name).read_text(errors="replace").splitlines()[-5:])
                raise ProcessDied(f"{name} ended with {process.returncode}:\n{tail}")

    def end(self, name: str) -> None:
        _stop(self._running.pop(name))

    def stop(self) -> dict[str, int]:
        """Stop all, the last started first; exit codes by name. Whoever ignores SIGTERM is killed."""
        codes = {}
        for name in reversed(self._running):
            codes[name] = _stop(self._running[name])
        self._running.clear()
        return codes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _stop(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
    code = process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # a job that outlives scrapyd
    return code
