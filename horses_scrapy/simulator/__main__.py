"""`python -m horses_scrapy.simulator`: serve the synthetic track on loopback until SIGTERM or Ctrl-C."""

import argparse
import datetime as dt
import signal
import sys
import threading
from pathlib import Path

from horses_scrapy import clock
from horses_scrapy.errors import OK, ConfigError, HorsesError
from horses_scrapy.simulator import faults
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m horses_scrapy.simulator", description=__doc__)
    made.add_argument("--port", type=int, default=8321, help="0: any free one; the first line printed names it")
    made.add_argument("--seed", type=int, default=7)
    made.add_argument("--races", type=int, default=3)
    made.add_argument("--first-post", type=int, default=480, help="seconds from the start to the first post")
    made.add_argument("--spacing", type=int, default=480, help="seconds from post to post")
    made.add_argument("--cycle", type=int, default=20, help="seconds from board to board")
    made.add_argument("--betting-window", type=int, default=1200, help="seconds that a race is open before its post")
    made.add_argument("--cancel", type=int, metavar="RACE", help="a race that is called off before its post")
    made.add_argument("--timezone", default="America/New_York", help="of the track")
    made.add_argument("--start", help="aware ISO time, or epoch seconds; default: now, by HORSES_CLOCK where it is set")
    made.add_argument("--log", type=Path, help="append a line of JSON for each answer")
    made.add_argument("--faults", type=Path, help="YAML or JSON list of rules, see simulator/faults.py")
    return made


def start_instant(text: str | None, now: clock.Clock) -> dt.datetime:
    """The card's start on a whole second. Raises ConfigError."""
    if text is None:
        return now.now().replace(microsecond=0)
    try:
        if text.isdecimal():
            return dt.datetime.fromtimestamp(int(text), dt.UTC)
        return dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(f"--start {text}: an aware ISO time or epoch seconds are expected") from error


def _serve(server: Server) -> None:
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before the threads start: only sigwait takes them
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    print(f"listening on {server.url}", flush=True)  # noqa: T201 (who starts it reads the port here)
    signal.sigwait(ends)
    server.stop()
    serving.join()
    server.server_close()


def main(argv: list[str] | None = None) -> int:
    given = _parser().parse_args(argv)
    try:
        now = clock.from_environment()
        plan = Plan(
            seed=given.seed,
            start=start_instant(given.start, now),
            races=given.races,
            first_post=given.first_post,
            spacing=given.spacing,
            cycle=given.cycle,
            betting_window=given.betting_window,
            cancelled=given.cancel,
            timezone=given.timezone,
        )
        rules = faults.Faults(faults.load(given.faults) if given.faults else ())
        _serve(Server(Ledger(plan), now, given.port, log=given.log, rules=rules))
    except HorsesError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return OK


if __name__ == "__main__":
    raise SystemExit(main())
