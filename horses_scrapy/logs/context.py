"""What a line of the log is about: run, track and race, as far as they are known where it is written."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

FIELDS = ("run", "track", "race")
Known = Mapping[str, str | int]

_known: ContextVar[Known] = ContextVar("log_context", default=MappingProxyType({}))


@contextmanager
def context(**fields: str | int) -> Iterator[None]:
    """Every line that is logged inside of it is about these, such as a track and a race."""
    token = _known.set({**_known.get(), **fields})
    try:
        yield
    finally:
        _known.reset(token)


class Label(logging.Filter):
    """Gives records the fields of their context, and those that hold for the whole process."""

    def __init__(self, **fields: str | int) -> None:
        super().__init__()
        self._fields = fields

    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in {**self._fields, **_known.get()}.items():
            if name not in record.__dict__:  # whoever logs with extra= knows better
                record.__dict__[name] = value
        return True
