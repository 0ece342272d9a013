"""The demo's board: a process like the others, and the proof that it shows what the database holds."""

from collections.abc import Iterator
from typing import Any

import requests
from sqlalchemy import Connection

from horses_scrapy.clock import from_ms
from horses_scrapy.demo.home import Home
from horses_scrapy.demo.processes import Processes
from horses_scrapy.items import Market
from horses_scrapy.storage import queries, report

TIMEOUT = 5
MARKET: Market = "win_tote"


def start(processes: Processes) -> None:
    processes.start("board", ["scripts/serve.py"])


def answers(home: Home) -> bool:
    try:
        return requests.get(f"{home.board}/healthz", timeout=TIMEOUT).ok
    except requests.RequestException:
        return False


def differences(home: Home, connection: Connection) -> Iterator[str]:
    """One line for each race that the board does not show as it is stored; the last one says why it could not be asked on."""
    try:
        yield from _races(home, connection)
    except (requests.RequestException, LookupError, TypeError) as error:
        yield f"board: {type(error).__name__}: {error}"


def _races(home: Home, connection: Connection) -> Iterator[str]:
    shown = {each["race_number"]: each for each in _asked(home, "/api/v1/races")["races"]}
    stored = {line.race_number: line for line in report.race_lines(connection)}
    if shown.keys() != stored.keys():
        yield f"board: races {sorted(shown)}, stored {sorted(stored)}"
        return
    for number, line in stored.items():
        race = shown[number]
        post = None if line.post_time is None else from_ms(line.post_time).isoformat().replace("+00:00", "Z")
        told, held = (race["status"], race["post_time"], race["alerts"]), (line.status, post, line.alerts)
        if told != held:
            yield f"board: race {number} is {told}, stored {held}"
        yield from _prices(home, connection, number, race["race_id"])
    for path in ("/", *(f"/races/{race['race_id']}" for race in shown.values())):
        _got(home, path)


def _prices(home: Home, connection: Connection, number: int, race_id: int) -> Iterator[str]:
    last = report.last_board_id(connection, number)
    if last is None:
        return
    shown = {each["label"]: each["odds"] for each in _asked(home, f"/api/v1/races/{race_id}")["runners"]}
    for (market, label), held in queries.board_view(connection, last).prices.items():
        if market != MARKET:
            continue
        decimal = None if held.price is None else held.price / 1000
        odds = shown.get(label)
        if odds is None or (odds["decimal"], odds["status"]) != (decimal, held.status):
            yield f"board: race {number} interest {label} is {odds}, stored {held}"


def _got(home: Home, path: str) -> requests.Response:
    """Raises requests.HTTPError for an answer that is none."""
    answer = requests.get(f"{home.board}{path}", timeout=TIMEOUT)
    answer.raise_for_status()
    return answer


def _asked(home: Home, path: str) -> Any:
    return _got(home, path).json()
