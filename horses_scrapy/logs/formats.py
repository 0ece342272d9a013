"""How a line looks: for people, and as JSON for a collector."""

import json
import logging
from datetime import UTC, datetime

from horses_scrapy.logs.context import FIELDS

CONSOLE = "%(levelname)s - %(message)s"
DETAILED = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


class JsonLines(logging.Formatter):
    """One object a line: time (UTC), level, logger, message; run, track and race where known; error: the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: record.__dict__[name] for name in FIELDS if name in record.__dict__}
        error = "\n".join(part for part in (self._traceback(record), record.stack_info) if part)
        return json.dumps({**told, "error": error} if error else told, ensure_ascii=False, default=str)

    def _traceback(self, record: logging.LogRecord) -> str | None:
        if record.exc_text or not record.exc_info:
            return record.exc_text
        return self.formatException(record.exc_info)


def made(detailed: str, kind: str) -> logging.Formatter:
    """kind: text or json, as logging.format says."""
    return JsonLines() if kind == "json" else logging.Formatter(detailed)
