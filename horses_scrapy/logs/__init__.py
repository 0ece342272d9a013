"""Logging of all processes: `LEVEL - message` on the console, everything in dated files, errors in a file of their own."""

from horses_scrapy.logs.context import context
from horses_scrapy.logs.formats import CONSOLE, DETAILED, JsonLines
from horses_scrapy.logs.redaction import Redact, secrets_of
from horses_scrapy.logs.set_up import QUIET, dress_job_log, quieten, set_up

__all__ = [
    "CONSOLE", "DETAILED", "QUIET", "JsonLines", "Redact", "context", "dress_job_log", "quieten", "secrets_of",
    "set_up",
]  # fmt: skip
