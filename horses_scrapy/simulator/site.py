"""The track's own site, over HTTP on loopback. It keeps no state: a page follows from the ledger and the clock."""

import datetime as dt
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError
from horses_scrapy.hosts import is_local
from horses_scrapy.simulator import faults
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.pages import STRAIGHTFORWARD, Page, Pages, Twist, login
from horses_scrapy.simulator.scripted import resource

HTML = "text/html; charset=utf-8"
ROBOTS = "User-agent: *\nDisallow: /_faults\n"
CONTROL = "/_faults"
MAX_CONTROL = 100_000
GARBAGE = "<html><table><tr><td>\ufffd<<< &#0; </tr></td></i></table"
CHUNKS = 20

_CARD = re.compile(r"/card/(\d{4}-\d\d-\d\d)")
_RACE = re.compile(r"/race/(\d{4}-\d\d-\d\d)/(\d{1,2})/(entries|odds|exacta|results)")


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    race: int | None = None
    board: int | None = None


def answer(ledger: Ledger, path: str, at: dt.datetime, twist: Twist = STRAIGHTFORWARD) -> Answer:
    """What the site says to a GET of `path` at an instant."""
    if path == "/":
        return _redirect(f"/card/{ledger.plan.race_date.isoformat()}")
    if path == "/robots.txt":
        return Answer(HTTPStatus.OK, ROBOTS.encode(), {"Content-Type": "text/plain; charset=utf-8"})
    if path == "/login":
        return _html(Page(login()))
    pages = Pages(ledger, at, twist)
    found = resource(pages, path)
    if found is not None:
        return Answer(HTTPStatus.OK, found.body.encode(), {"Content-Type": found.media_type}, found.race, found.board)
    page = _page(ledger, path, pages)
    return _error(HTTPStatus.NOT_FOUND) if page is None else _html(page)


def _page(ledger: Ledger, path: str, pages: Pages) -> Page | None:
    if (card := _CARD.fullmatch(path)) is not None:
        date = _date(card[1])
        return None if date is None else pages.card(date)
    race = _RACE.fullmatch(path)
    if race is None or _date(race[1]) != ledger.plan.race_date or int(race[2]) not in ledger.races:
        return None
    render: Callable[[Any], Page] = getattr(pages, race[3])
    return render(ledger.race(int(race[2])))


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _html(page: Page) -> Answer:
    return Answer(HTTPStatus.OK, page.html.encode(), {"Content-Type": HTML}, page.race, page.board)


def _error(status: HTTPStatus, **headers: str) -> Answer:
    body = f"<!DOCTYPE html><title>{status.phrase}</title><h1>{status.value} {status.phrase}</h1>"
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Answer(status, body.encode(), {"Content-Type": HTML, **named})


def _redirect(where: str) -> Answer:
    return Answer(HTTPStatus.FOUND, b"", {"Location": where})


_REFUSALS: Mapping[str, Callable[[faults.Rule], Answer]] = {
    "403": lambda _: _error(HTTPStatus.FORBIDDEN),
    "429": lambda rule: _error(HTTPStatus.TOO_MANY_REQUESTS, retry_after=str(rule.retry_after)),
    "500": lambda _: _error(HTTPStatus.INTERNAL_SERVER_ERROR),
    "login": lambda _: _redirect("/login"),
    "empty": lambda _: Answer(HTTPStatus.OK, b"", {"Content-Type": HTML}),
    "html_garbage": lambda _: Answer(HTTPStatus.OK, GARBAGE.encode(), {"Content-Type": HTML}),
}
_TWISTS = {
    "swapped_columns": Twist(swapped_columns=True),
    "wrong_meeting": Twist(wrong_meeting=True),
    "frozen": Twist(frozen_pairs=True),
}


class Server(ThreadingHTTPServer):
    """Binds an address of this machine's loopback only. `log` gets a line of JSON for each answer: what was served, when, and which board it showed."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        port: int,
        *,
        log: Path | None,
        rules: faults.Faults,
        host: str = "127.0.0.1",
    ) -> None:
        if not is_local(host):
            raise ConfigError(f"{host}: the synthetic tote serves this machine only")
        try:
            super().__init__((host, port), Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"port {port} of {host}: {error}; choose another with --port") from error
        self.ledger = ledger
        self.clock = clock
        self.faults = rules
        self.stopping = threading.Event()
        self._log = log
        self._log_lock = threading.Lock()
        self.record({"plan": ledger.plan.to_json()})

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def stop(self) -> None:
        """End serve_forever and every answer that is held back. Not from the serving thread."""
        self.stopping.set()
        self.shutdown()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that goes away in the middle of an answer is no fault of the site."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def record(self, entry: Mapping[str, Any]) -> None:
        if self._log is not None:
            with self._log_lock, self._log.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(entry) + "\n")


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "SyntheticDowns"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        rule = self.server.faults.next(path)
        at = self.server.clock.now()
        if rule is None or rule.kind in _TWISTS:
            self._send(answer(self.server.ledger, path, at, _TWISTS[rule.kind] if rule else STRAIGHTFORWARD), at, rule)
        elif rule.kind in _REFUSALS:
            self._send(_REFUSALS[rule.kind](rule), at, rule)
        else:
            self._stall(rule, answer(self.server.ledger, path, at), at)

    def do_POST(self) -> None:
        """Put other fault rules in force: the body is a list of rules, an empty one ends all misbehaviour."""
        at = self.server.clock.now()
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != CONTROL or length > MAX_CONTROL:
            self._send(_error(HTTPStatus.NOT_FOUND), at)
            self.close_connection = True
            return
        try:
            self.server.faults.replace(faults.read(self.rfile.read(length).decode(errors="replace"), CONTROL))
        except ConfigError as error:
            self._send(Answer(HTTPStatus.BAD_REQUEST, f"{error}\n".encode(), {"Content-Type": "text/plain"}), at)
        else:
            self._send(Answer(HTTPStatus.NO_CONTENT, b""), at)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """The access log is ours."""

    def _send(self, reply: Answer, at: dt.datetime, rule: faults.Rule | None = None) -> None:
        self._record(reply, at, rule)
        self._head(reply, len(reply.body))
        self.wfile.write(reply.body)

    def _head(self, reply: Answer, length: int) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _stall(self, rule: faults.Rule, reply: Answer, at: dt.datetime) -> None:
        """Answers that do not arrive, or not whole."""
        self.close_connection = True
        self._record(reply, at, rule)
        if rule.kind == "timeout":
            self.server.stopping.wait(rule.seconds)
        elif rule.kind == "truncated":
            self._head(reply, len(reply.body))
            self.wfile.write(reply.body[: len(reply.body) // 2])
        else:
            self._head(reply, len(reply.body))
            self._drip(reply.body, rule.seconds)

    def _drip(self, body: bytes, seconds: float) -> None:
        size = -(-len(body) // CHUNKS)
        for start in range(0, len(body), size):
            if self.server.stopping.wait(seconds / CHUNKS):
                return
            try:
                self.wfile.write(body[start : start + size])
            except ConnectionError:  # the reader lost patience, as it should
                return

    def _record(self, reply: Answer, at: dt.datetime, rule: faults.Rule | None) -> None:
        entry = {
            "real": round(time.time(), 3),
            "clock": at.isoformat(timespec="milliseconds"),
            "path": self.path,
            "status": reply.status.value,
            "race": reply.race,
            "board": reply.board,
        }
        self.server.record(entry if rule is None else {**entry, "fault": rule.kind})
