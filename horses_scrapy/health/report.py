"""All checks at once, and what they found: text or JSON, and an exit code. Never hangs, whatever does not answer."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType

from sqlalchemy.exc import SQLAlchemyError

from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK, UNHEALTHY, HorsesError
from horses_scrapy.health.checks.database import sound, writable
from horses_scrapy.health.checks.disk import disk
from horses_scrapy.health.checks.jobs import queue, scrapyd
from horses_scrapy.health.checks.outbox import outbox
from horses_scrapy.health.checks.scheduler import scheduler
from horses_scrapy.health.checks.smtp import smtp
from horses_scrapy.health.checks.time import clock
from horses_scrapy.health.checks.tracks import tracks
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, fail
from horses_scrapy.logs import Redact, secrets_of

CHECKS: Mapping[str, Callable[[Here], Result]] = MappingProxyType(
    {
        "database": writable,
        "soundness": sound,
        "disk": disk,
        "scrapyd": scrapyd,
        "queue": queue,
        "scheduler": scheduler,
        "tracks": tracks,
        "outbox": outbox,
        "smtp": smtp,
        "clock": clock,
    }
)
LIMIT_S = 20.0
"""For all of them together: they run side by side."""


@dataclass(frozen=True, slots=True)
class Examined:
    name: str
    result: Result
    seconds: float


def run(settings: Settings, now: Clock, names: Sequence[str] = (), *, as_json: bool = False) -> int:
    """Print what the named checks find, all for none; the exit code."""
    found = examine(Here(settings, now), names or tuple(CHECKS))
    redact = Redact(secrets_of(settings))
    print(redact.clean(_json(found, now) if as_json else "\n".join(lines(found))))  # noqa: T201
    return UNHEALTHY if any(each.result.state == "fail" for each in found) else OK


def examine(
    here: Here, names: Sequence[str], checks: Mapping[str, Callable[[Here], Result]] = CHECKS, limit: float = LIMIT_S
) -> list[Examined]:
    """In the order of `names`. One that does not end in time fails; its thread is left behind."""
    found: dict[str, Examined] = {}

    def look(name: str) -> None:
        began = time.monotonic()
        found[name] = Examined(name, _answer(checks[name], here), round(time.monotonic() - began, 3))

    threads = {name: threading.Thread(target=look, args=(name,), name=name, daemon=True) for name in names}
    until = time.monotonic() + limit
    for thread in threads.values():
        thread.start()
    for thread in threads.values():
        thread.join(max(0.0, until - time.monotonic()))
    late = {name: Examined(name, _none(threads[name], limit), limit) for name in names if name not in found}
    return [{**late, **found}[name] for name in threads]


def lines(found: Sequence[Examined]) -> list[str]:
    width = max(len(each.name) for each in found) + 1
    shown = [
        f"{each.result.state.upper():<7} {each.name + ':':<{width}} {' '.join(each.result.text.split())}"
        for each in found
    ]
    failed = [each.name for each in found if each.result.state == "fail"]
    return [*shown, f"unhealthy: {', '.join(failed)}" if failed else "healthy"]


def _answer(check: Callable[[Here], Result], here: Here) -> Result:
    try:
        return check(here)
    except (HorsesError, SQLAlchemyError, OSError) as error:
        return fail(str(error))


def _none(thread: threading.Thread, limit: float) -> Result:
    if thread.is_alive():
        return fail(f"no answer in {limit:g} s")
    return fail("the check itself broke: its traceback stands above")


def _json(found: Sequence[Examined], now: Clock) -> str:
    checks = [{"name": each.name, **asdict(each.result), "seconds": each.seconds} for each in found]
    healthy = all(each.result.state != "fail" for each in found)
    return json.dumps({"healthy": healthy, "checked_at": now.now().isoformat(), "checks": checks}, ensure_ascii=False)
