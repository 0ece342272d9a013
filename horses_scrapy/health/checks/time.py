"""The clock: against the monotonic one, what is stored, a server's clock, and what the system thinks of it."""

import ctypes
import sys
import time as real

from horses_scrapy.clock import Clock
from horses_scrapy.errors import StoreError
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, fail, judged, ok, warn
from horses_scrapy.storage import health

LOOK_S = 0.2
STEP_S = 0.1
AHEAD_S = 5.0
WARN_S, FAIL_S = 2.0, 30.0
BUILT = 1_767_225_600
"""2026-01-01: a clock that shows less was never set."""
UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
TIMEX_BYTES = 512  # more than any struct timex has


def clock(here: Here) -> Result:
    step = _step_s()
    if real.time() < BUILT or abs(step) > STEP_S:
        return fail(f"the system's clock is not set, or jumps: {step:+.2f} s against the monotonic one just now")
    ahead, server = _against_database(here)
    facts = {"ahead_s": ahead, "server_s": server}
    if ahead is not None and ahead > AHEAD_S:
        return fail(f"the database knows an instant {ahead:.0f} s from now: the clock was set back", **facts)
    if server is not None and (state := judged(abs(server), warn_above=WARN_S, fail_above=FAIL_S)) != "ok":
        return Result(state, f"{server:+.1f} s against the database server's clock", facts)
    if _unsynchronised():
        return warn("the system says that nothing synchronises its clock (NTP)", **facts)
    return ok("steady, and behind nothing that is stored", **facts)


def _step_s() -> float:
    """How far the wall clock moved beside the monotonic one in a moment."""
    wall, mono = real.time(), real.monotonic()
    real.sleep(LOOK_S)
    return (real.time() - wall) - (real.monotonic() - mono)


def _against_database(here: Here) -> tuple[float | None, float | None]:
    """Seconds that the newest stored instant and the server's clock are ahead of ours; None where nobody knows."""
    try:
        with here.store() as store, store.read() as connection:
            newest = health.newest_instant(connection)
            server = health.server_ms(connection) if store.dialect == "postgresql" else None
            ours = Clock().now_ms()
    except StoreError:
        return None, None  # the database's own check says why
    ahead = None if newest is None else (newest - here.clock.now_ms()) / 1000
    return ahead, None if server is None else (server - ours) / 1000


def _unsynchronised() -> bool:
    """False where the system cannot be asked."""
    if sys.platform != "linux":
        return False
    state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    return state == UNSYNCHRONISED
