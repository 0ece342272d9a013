"""Crawls of one host in several processes: one request at a time, one pace, and a refusal that all of them heed."""

import asyncio
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from crawling import ROOT, environment, write_config
from offline import SHIPPED, Frozen, spider_of
from raw_server import HANG, RawServer, answer, serving
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.settings import Settings as ScrapySettings

from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.errors import Blocked, NoTurn, Stopped
from horses_scrapy.middlewares.host import LONGEST_REFUSAL_MS, Host, Pace, Turn
from horses_scrapy.middlewares.refusals import Refusals
from horses_scrapy.middlewares.turns import Turns
from horses_scrapy.spiders.awapuni import AwapuniSpider

RATE, BURST = 10, 3
HTTP = {"requests_per_second": RATE, "burst": BURST, "timeout": 20, "retry_attempts": 0, "retry_first_wait": 0.05}
OK = answer(200, b"fine")
URL = "http://127.0.0.1:8000/odds"
NOW = datetime(2026, 2, 14, 1, 5, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Probing:
    """Probes of one installation, each a crawl in a process of its own."""

    def __init__(self, home: Path, server: RawServer, **http: Any) -> None:
        self._home, self._server = home, server
        self._config = write_config(home, server.url, sections={"http": HTTP | http})
        self._started: list[tuple[subprocess.Popen[str], Path]] = []

    def start(self, *paths: str) -> "subprocess.Popen[str]":
        out = self._home / f"out{len(self._started)}"
        log = self.log(len(self._started)).open("w", encoding="utf-8")
        urls = [self._server.url + path for path in paths]
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("probe.py")), str(out), *urls],
            cwd=ROOT, env=environment(self._config), stderr=log, text=True,
        )  # fmt: skip
        log.close()
        self._started.append((process, out))
        return process

    def log(self, number: int) -> Path:
        return self._home / f"log{number}"

    def found(self) -> list[dict[str, list[str]]]:
        """What reached each spider, in the order of their start; a killed one has nothing to say."""
        for process, _ in self._started:
            process.wait(60)
        return [json.loads(out.read_text("utf-8")) if out.exists() else {} for _, out in self._started]

    def end(self) -> None:
        for process, _ in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()


@contextmanager
def probing(home: Path, routes: dict[str, list[bytes]], **http: Any) -> Iterator[tuple[Probing, RawServer]]:
    with serving(routes) as server:
        probes = Probing(home, server, **http)
        try:
            yield probes, server
        finally:
            probes.end()


def until(true: Any, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_three_crawls_at_once_are_one_polite_client(tmp_path: Path) -> None:
    """Never two requests under way, robots.txt counted; never more than burst + rate x t in any time t."""
    paths = [f"/{number}" for number in range(8)]
    with probing(tmp_path, {path: [OK] for path in paths}) as (probes, server):
        server.delay = 0.03
        for _ in range(3):
            probes.start(*paths)
        found = probes.found()
    assert [len(seen) for seen in found] == [8, 8, 8]
    assert {what[0] for seen in found for what in seen.values()} == {"came"}
    spans = sorted(server.spans)
    assert len(spans) >= 25
    overlaps = sum(later[0] < earlier[1] for earlier, later in pairwise(spans))
    assert overlaps == 0
    slack = 0.05  # between a request's leave and its arrival at the server
    for first, (since, _) in enumerate(spans):
        for last, (at, _) in enumerate(spans[first:], start=first):
            assert last - first + 1 <= BURST + RATE * (at - since + slack)
    took = spans[-1][0] - spans[0][0]
    assert took >= (len(spans) - BURST) / RATE - slack
    logging.getLogger(__name__).info("%d requests of 3 processes in %.2f s, %d overlaps", len(spans), took, overlaps)


@pytest.mark.parametrize(("status", "least"), [(403, 15 * 60), (429, 7200)])
def test_a_host_that_refuses_one_crawl_is_left_alone_by_the_next(tmp_path: Path, status: int, least: int) -> None:
    """A Retry-After that is longer than http.blocked_wait counts."""
    refusal = answer(status, b"no", Retry_After="7200")
    with probing(tmp_path, {"/no": [refusal], "/fine": [OK]}) as (probes, server):
        probes.start("/no", "/fine").wait(30)
        asked = list(server.asked)
        probes.start("/fine", "POST /fine")
        first, second = probes.found()
    assert server.asked == asked == ["/robots.txt", "/no"]
    assert first[f"{server.url}/no"] == ["Blocked", f"HTTP {status} from {server.url}/no"]
    for kind, text in (first[f"{server.url}/fine"], second[f"{server.url}/fine"]):
        assert kind == "Blocked"
        when = re.fullmatch(rf"127\.0\.0\.1:{server.port} refused us at (\S+ \S+)Z, left alone until (\S+ \S+)Z", text)
        assert when is not None
        at, end = (datetime.fromisoformat(instant) for instant in when.groups())
        assert abs((end - at).total_seconds() - least) <= 1


def test_a_killed_crawl_frees_its_turn(tmp_path: Path) -> None:
    with probing(tmp_path, {"/hang": [HANG], "/fine": [OK]}, requests_per_second=1000, burst=1000, timeout=120) as (
        probes,
        server,
    ):
        holder = probes.start("/hang")
        until(lambda: "/hang" in server.asked)
        waiting = probes.start("/fine")
        until(lambda: "Spider opened" in probes.log(1).read_text("utf-8"))
        time.sleep(0.5)
        assert waiting.poll() is None
        assert "/fine" not in server.asked
        os.kill(holder.pid, signal.SIGKILL)
        killed = time.monotonic()
        until(lambda: "/fine" in server.asked)
        assert time.monotonic() - killed < 5  # a step is 0.02 s; the machine may be busy
        assert probes.found()[1][f"{server.url}/fine"] == ["came", "200 fine"]


def test_a_crawl_that_waits_for_its_turn_stops_when_it_is_told_to(tmp_path: Path) -> None:
    with probing(tmp_path, {"/fine": [OK]}) as (probes, server):
        turn = Host(tmp_path / "data/state/hosts", server.url, Clock()).take_turn()
        assert turn is not None
        waiting = probes.start("/fine")
        until(lambda: "Spider opened" in probes.log(0).read_text("utf-8"))
        time.sleep(0.5)
        waiting.send_signal(signal.SIGTERM)
        (found,) = probes.found()
        turn.end()
    assert found[f"{server.url}/fine"][0] == "Stopped"
    assert server.asked == []
    assert "Traceback" not in probes.log(0).read_text("utf-8")


# In this process: the middleware by itself


def turns(home: Path, *, now: Clock | None = None, crawling: bool = True, give_up_at: int | None = None) -> Turns:
    arguments = {} if give_up_at is None else {"give_up_at": str(give_up_at)}
    spider = spider_of(AwapuniSpider, NOW.isoformat(), **arguments)
    spider.clock = Clock() if now is None else now
    settings = SHIPPED.model_copy(update={"home": home})
    crawler = SimpleNamespace(spider=spider, crawling=crawling, settings=ScrapySettings())
    return Turns(crawler, settings)  # type: ignore[arg-type]


def take(middleware: Turns, request: Request) -> None:
    asyncio.run(middleware.process_request(request))


def held(home: Path) -> Turn:
    turn = Host(home / "data/state/hosts", URL, Clock()).take_turn()
    assert turn is not None
    return turn


def is_free(home: Path) -> bool:
    turn = Host(home / "data/state/hosts", URL, Clock()).take_turn()
    if turn is not None:
        turn.end()
    return turn is not None


def test_a_turn_lasts_until_the_answer_or_the_failure(tmp_path: Path) -> None:
    for number, end in enumerate(("process_response", "process_exception")):
        middleware, request = turns(tmp_path, now=Frozen(instant=(NOW + number * HOUR).isoformat())), Request(URL)
        take(middleware, request)
        assert not is_free(tmp_path)
        if end == "process_response":
            middleware.process_response(request, Response(URL))
            assert request.meta["fetched_at"] == NOW
        else:
            middleware.process_exception(request, DownloadTimeoutError())
        assert is_free(tmp_path)


def test_another_port_or_scheme_is_another_host(tmp_path: Path) -> None:
    turn = held(tmp_path)
    for url in ("http://127.0.0.1:8001/", "https://127.0.0.1:8000/", "http://[::1]:8000/"):
        take(turns(tmp_path), Request(url))
    turn.end()


def test_a_turn_that_would_come_too_late_is_not_waited_for(tmp_path: Path) -> None:
    """Whether somebody else holds it, or the pace is slower than that."""
    soon = Clock().now_ms() + 300
    turn = held(tmp_path)
    began = time.monotonic()
    with pytest.raises(NoTurn, match=r"at 127\.0\.0\.1:8000 before the next poll"):
        take(turns(tmp_path, give_up_at=soon), Request(URL))
    assert 0.2 < time.monotonic() - began < 2
    turn.leave(Pace(arrival=Clock().now_ms() + 2000))
    turn.end()
    began = time.monotonic()
    with pytest.raises(NoTurn):
        take(turns(tmp_path, give_up_at=Clock().now_ms() + 500), Request(URL))
    assert time.monotonic() - began < 0.3
    assert is_free(tmp_path)
    assert (NoTurn.outcome, Stopped.outcome) == ("timeout", "skipped")


def test_a_wait_ends_with_the_crawl(tmp_path: Path) -> None:
    turn = held(tmp_path)
    with pytest.raises(Stopped, match="its turn at 127"):
        take(turns(tmp_path, crawling=False), Request(URL))
    with pytest.raises(IgnoreRequest, match="its turn at 127"):
        take(turns(tmp_path, crawling=False), Request(URL, callback=NO_CALLBACK))
    turn.end()
    middleware = turns(tmp_path)
    middleware._ends_at = Clock.monotonic_ms() - 1  # CLOSESPIDER_TIMEOUT, of which a request under way hears nothing
    turn = held(tmp_path)
    with pytest.raises(NoTurn):
        take(middleware, Request(URL))
    turn.end()


def test_a_fast_clock_waits_as_much_less(tmp_path: Path) -> None:
    """0.5 requests per second: 2 s are 0.1 s at 20 times the speed."""
    middleware = turns(tmp_path, now=Clock(epoch=time.time(), rate=20))
    began = time.monotonic()
    for _ in range(3):
        request = Request(URL)
        take(middleware, request)
        middleware.process_response(request, Response(URL))
    assert 0.18 < time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(429, {"Retry-After": "30"}, 30), (429, {}, 5), (503, {"Retry-After": "30"}, 30), (503, {}, 0), (200, {}, 0)],
)
def test_a_host_that_asks_one_crawl_to_wait_is_not_asked_by_others(
    tmp_path: Path, status: int, headers: dict[str, str], wait: int
) -> None:
    frozen = Frozen(instant=NOW.isoformat())
    middleware, request = turns(tmp_path, now=frozen), Request(URL, callback=print)
    take(middleware, request)
    middleware.process_response(request, Response(URL, status=status, headers=headers))
    turn = held(tmp_path)
    assert turn.pace().not_before == (to_ms(NOW) + wait * 1000 if wait else 0)
    assert middleware._due_in(turn.pace()) == max(2000, wait * 1000)
    turn.end()


def test_a_set_back_clock_shortens_a_pause(tmp_path: Path) -> None:
    middleware = turns(tmp_path, now=Frozen(instant=NOW.isoformat()))
    assert middleware._due_in(Pace(not_before=to_ms(NOW) + 10**9)) == 120_000


@pytest.mark.parametrize(
    "written", [b"\x00\xff", b"{}", b"[1]\n", b'{"arrival": "1", "not_before": 0}', b'{"arrival": 1.5']
)
def test_a_broken_turn_file_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture, written: bytes) -> None:
    held(tmp_path).end()
    (path,) = (tmp_path / "data/state/hosts").glob("*.turn")
    path.write_bytes(written)
    take(turns(tmp_path), Request(URL))
    assert path.with_name(f"{path.name}.broken").read_bytes() == written
    assert "put aside as http-127.0.0.1-8000.turn.broken, begun anew" in caplog.text
    assert json.loads(path.read_bytes())["arrival"] > 0


def test_what_a_killed_writer_leaves_behind_its_line_is_not_read(tmp_path: Path) -> None:
    turn = held(tmp_path)
    turn.leave(Pace(arrival=10**12, not_before=10**12))
    os.pwrite(turn._descriptor, b'{"arrival": 7, "not_before": 0}\n', 0)
    assert turn.pace() == Pace(arrival=7)
    turn.end()


# Refusals


def host(home: Path, now: datetime = NOW) -> Host:
    return Host(home, URL, Frozen(instant=now.isoformat()))


def test_a_host_is_left_alone_for_its_time_and_no_success_shortens_it(tmp_path: Path) -> None:
    assert host(tmp_path).left_alone() is None
    host(tmp_path).refuse(7200)
    host(tmp_path, NOW + timedelta(seconds=1)).refuse(900)
    last, over = NOW + timedelta(seconds=7199), NOW + timedelta(seconds=7200)
    told = "127.0.0.1:8000 refused us at 2026-02-14 01:05:10Z, left alone until 2026-02-14 03:05:10Z"
    assert host(tmp_path).left_alone() == host(tmp_path, last).left_alone() == told
    assert host(tmp_path, over).left_alone() is None
    assert host(tmp_path, NOW - timedelta(seconds=1)).left_alone() is None  # another clock's


def test_a_mistyped_retry_after_silences_nobody_for_ever(tmp_path: Path) -> None:
    host(tmp_path).refuse(10**9)
    week = timedelta(milliseconds=LONGEST_REFUSAL_MS)
    assert host(tmp_path, NOW + week - timedelta(seconds=1)).left_alone() is not None
    assert host(tmp_path, NOW + week).left_alone() is None


def test_a_broken_refusal_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    host(tmp_path).refuse(900)
    (path,) = tmp_path.glob("*.refused")
    path.write_bytes(path.read_bytes()[:9])
    assert host(tmp_path).left_alone() is None
    assert "put aside" in caplog.text
    host(tmp_path).refuse(900)
    assert host(tmp_path).left_alone() is not None


def refusals(home: Path) -> Refusals:
    spider = spider_of(AwapuniSpider, NOW.isoformat())
    settings = SHIPPED.model_copy(update={"home": home})
    crawler = SimpleNamespace(spider=spider, settings=ScrapySettings({"STATE_FILES": True}))
    return Refusals(crawler, settings)  # type: ignore[arg-type]


def test_a_login_page_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="redirects to a login page"):
        refusals(tmp_path).process_request(Request(f"{URL}/login", meta={"redirect_urls": [URL]}))
    with pytest.raises(Blocked, match="left alone until 2026-02-14 01:20:10Z"):
        refusals(tmp_path).process_request(Request(URL))
    with pytest.raises(IgnoreRequest, match="left alone"):
        refusals(tmp_path).process_request(Request("http://127.0.0.1:8000/robots.txt", callback=NO_CALLBACK))
    refusals(tmp_path).process_request(Request("http://127.0.0.1:8001/"))


def test_a_refusal_while_we_waited_counts(tmp_path: Path) -> None:
    middleware = turns(tmp_path)
    Host(tmp_path / "data/state/hosts", URL, Clock()).refuse(900)
    with pytest.raises(Blocked, match="refused us at"):
        take(middleware, Request(URL))
    assert is_free(tmp_path)


def test_rate_limits_are_those_of_the_source(tmp_path: Path) -> None:
    """tab_nz as it is shipped has none of its own."""
    own = SHIPPED.sources["tab_nz"].model_copy(update={"rate_limit": SHIPPED.rate_limit("demo")})
    assert own.rate_limit is not None
    assert turns(tmp_path)._bucket.interval == 2000
    assert replace(turns(tmp_path)._bucket, burst=1) == turns(tmp_path)._bucket
