"""Log files that roll at midnight and at a size, and that several processes may write.

Every line is one append. A process that finds the file gone or replaced goes on in the new one, so whoever rolls need
not tell the others; two cannot roll one file, because a lock is taken for that moment, and who does not get it appends.
"""

import fcntl
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from horses_scrapy.errors import ConfigError


class RollingFile(logging.FileHandler):
    """<name>_20261122.log by the day of the record, or <name>.log if not dated; beyond max_bytes .1, .2 ..: the higher the
    older. Of older files the newest `keep` stay.
    """

    def __init__(self, folder: Path, name: str, *, dated: bool, max_bytes: int, keep: int) -> None:
        self._folder, self._stem, self._dated = folder, name, dated
        self._max_bytes, self._keep = max_bytes, keep
        path = self._at = self._path(time.time())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            super().__init__(path, encoding="utf-8", errors="backslashreplace")
            self._prune()
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be written ({error.strerror}); set logging.dir, or - for no file"
            ) from error

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self.stream is not None:
                self._follow(record, self.stream)
        except OSError:
            self.handleError(record)  # the old file is still open: better there than nowhere
        super().emit(record)

    def _path(self, created: float) -> Path:
        day = time.strftime("_%Y%m%d", time.localtime(created)) if self._dated else ""
        return self._folder / f"{self._stem}{day}.log"

    def _follow(self, record: logging.LogRecord, stream: TextIO) -> None:
        """Be at the end of the file that the record belongs into."""
        path = self._path(record.created)
        if path != self._at or not _is_at(path, stream):
            stream = self._go_to(path)
        if os.fstat(stream.fileno()).st_size >= self._max_bytes:
            self._roll(path, stream)

    def _go_to(self, path: Path) -> TextIO:
        opened = path.open("a", encoding="utf-8", errors="backslashreplace")
        if self.stream is not None:
            self.stream.close()
        self._at, self.baseFilename, self.stream = path, str(path), opened
        self._prune()
        return opened

    def _roll(self, path: Path, stream: TextIO) -> None:
        with _alone(self._folder / f".{self._stem}.lock") as alone:
            if alone and _is_at(path, stream):
                _shift(path, 1)
                self._go_to(path)

    def _prune(self) -> None:
        for path in self._older()[self._keep :]:
            path.unlink(missing_ok=True)

    def _older(self) -> list[Path]:
        """Files of this name apart from the open one, the newest first."""
        pattern = re.compile(rf"{re.escape(self._stem)}{'_([0-9]{8})' if self._dated else '()'}\.log(?:\.([0-9]+))?")
        found = [(match, path) for path in self._folder.iterdir() if (match := pattern.fullmatch(path.name))]
        found.sort(key=lambda one: (one[0][1], -int(one[0][2] or 0)), reverse=True)
        return [path for _, path in found if path != self._at]


def _is_at(path: Path, stream: TextIO) -> bool:
    """Whether the open file is still the one of that name."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    return False


def _shift(path: Path, number: int) -> None:
    """x.log -> x.log.1, after x.log.1 -> x.log.2, and so on."""
    target = path.with_name(f"{path.name}.{number}")
    source = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
    if target.exists():
        _shift(path, number + 1)
    source.rename(target)


@contextmanager
def _alone(lock: Path) -> Iterator[bool]:
    """Whether nobody else rolls; never waits: a process that is stopped while it rolls must not stop the others."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)
