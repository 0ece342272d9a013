import asyncio
import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline import spider_of
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError, IgnoreRequest, ResponseDataLossError
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from twisted.internet.error import NoRouteError

from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.middlewares.backoff import backoff, retry_after
from horses_scrapy.middlewares.refusals import looks_like_login
from horses_scrapy.middlewares.retry import Retry
from horses_scrapy.spiders.awapuni import AwapuniSpider

NOW = datetime(2026, 2, 14, 1, 5, 10, tzinfo=UTC)
URL = "http://127.0.0.1:8000/odds"
WAITING = "waiting "


def retrying(*, give_up_at: int | None = None, attempts: int = 5, crawling: bool = False) -> Retry:
    """The middleware in a crawl that is told to stop, so that it says what it would wait and does not."""
    arguments = {} if give_up_at is None else {"give_up_at": str(give_up_at)}
    spider = spider_of(AwapuniSpider, NOW.isoformat(), **arguments)
    settings = SimpleNamespace(http=SimpleNamespace(retry_attempts=attempts, retry_first_wait=5.0))
    return Retry(SimpleNamespace(spider=spider, crawling=crawling), settings)  # type: ignore[arg-type]


def answered(retry: Retry, request: Request, status: int, **headers: str) -> Request | Response:
    response = Response(request.url, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return asyncio.run(retry.process_response(request, response))


def waits(caplog: pytest.LogCaptureFixture) -> list[float]:
    return [float(line.split(WAITING)[1].split(" s ")[0]) for line in caplog.messages if WAITING in line]


@pytest.mark.parametrize(
    ("status", "again"),
    [(status, True) for status in (429, 500, 502, 503, 504)]
    + [(status, False) for status in (200, 304, 400, 401, 403, 404, 407, 410, 418, 451, 501)],
)
def test_which_answers_are_asked_for_again(status: int, again: bool) -> None:
    found = answered(retrying(), Request(URL), status)
    assert isinstance(found, Request if again else Response)
    if isinstance(found, Request):
        assert found.meta["retry_times"] == 1
        assert not found.dont_filter


@pytest.mark.parametrize("request_", [Request(URL, method="POST"), Request(URL, callback=NO_CALLBACK)])
def test_neither_a_post_that_may_change_something_nor_robots_txt_is_repeated(request_: Request) -> None:
    assert isinstance(answered(retrying(), request_, 503), Response)


@pytest.mark.parametrize("status", [429, 503])
def test_a_query_by_post_is_repeated_whole(status: int) -> None:
    query = spider_of(AwapuniSpider, NOW.isoformat()).post_json(URL, {"race": 1}, print)
    again = answered(retrying(), query, status)
    assert isinstance(again, Request)
    assert (again.method, again.body, again.headers) == ("POST", b'{"race":1}', query.headers)
    assert failed(retrying(), query, DownloadTimeoutError("slow")) is not None
    for refusing in (401, 403, 407, 451):
        assert isinstance(answered(retrying(), query, refusing), Response)


def test_a_wait_is_said_in_one_line(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", min)
    answered(retrying(), Request(URL, meta={"retry_times": 1}), 429, Retry_After="5")
    assert caplog.messages == ["Rate limited by 127.0.0.1:8000 (429), waiting 5 s before retry 2 of 5"]


def test_waits_double_and_the_last_failure_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    retry, request = retrying(), Request(URL)
    for _ in range(5):
        found = answered(retry, request, 500)
        assert isinstance(found, Request)
        request = found
    assert isinstance(answered(retry, request, 500), Response)
    for wait, least in zip(waits(caplog), (5, 10, 20, 40, 80), strict=True):
        assert least * 0.99 <= wait <= least * 1.25 * 1.01
    assert caplog.messages[-1] == "127.0.0.1:8000 answered 500, giving up: 5 retries did not help"
    assert caplog.messages[1].endswith("s before retry 2 of 5")


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 8.8),
        ((NOW + timedelta(seconds=30)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 29, 37.6),
        ("0", 5, 6.3),  # no wait at all is not what we do
        ("soon", 5, 6.3),
        ("-3", 5, 6.3),
        ((NOW - timedelta(days=1)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 5, 6.3),
    ],
)
def test_retry_after_is_honoured(caplog: pytest.LogCaptureFixture, header: str, least: float, most: float) -> None:
    assert isinstance(answered(retrying(), Request(URL), 429, Retry_After=header), Request)
    (wait,) = waits(caplog)
    assert least <= wait <= most
    assert caplog.messages[0].startswith("Rate limited by 127.0.0.1:8000 (429), waiting ")


def test_nobody_is_asked_earlier_than_he_said(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(answered(retrying(), Request(URL), 429, Retry_After="3600"), Response)
    assert "giving up" in caplog.messages[0]


def test_no_retry_runs_into_the_next_poll(caplog: pytest.LogCaptureFixture) -> None:
    """The first wait is 5 to 6.25 s."""
    soon, late = (to_ms(NOW + timedelta(seconds=seconds)) for seconds in (4.9, 6.3))
    assert isinstance(answered(retrying(give_up_at=soon), Request(URL), 500), Response)
    assert "would run into the next poll" in caplog.messages[0]
    assert isinstance(answered(retrying(give_up_at=late), Request(URL), 500), Request)


def failed(retry: Retry, request: Request, error: Exception) -> Request | None:
    return asyncio.run(retry.process_exception(request, error))


def test_a_broken_connection_is_tried_again_and_then_goes_on_as_it_is() -> None:
    error = DownloadTimeoutError("slow")
    assert failed(retrying(), Request(URL), error) is not None
    with pytest.raises(DownloadTimeoutError) as caught:
        failed(retrying(), Request(URL, meta={"retry_times": 5}), error)
    assert caught.value is error


def test_a_body_that_broke_off_is_asked_for_once_more() -> None:
    again = failed(retrying(), Request(URL), ResponseDataLossError())
    assert again is not None
    with pytest.raises(ResponseDataLossError):
        failed(retrying(), again, ResponseDataLossError())
    with pytest.raises(ResponseDataLossError):
        failed(retrying(attempts=0), Request(URL), ResponseDataLossError())


def test_a_host_without_a_route_is_unreachable_in_scrapys_own_words() -> None:
    assert failed(retrying(), Request(URL), NoRouteError()) is not None
    with pytest.raises(DownloadFailedError, match="No route"):
        failed(retrying(attempts=0), Request(URL), NoRouteError())


def test_what_we_refused_ourselves_is_not_repeated() -> None:
    assert failed(retrying(), Request(URL), IgnoreRequest("Forbidden by robots.txt")) is None


@pytest.mark.parametrize(("rate", "least", "most"), [(1.0, 5, 6.25), (20.0, 0.25, 0.3125)])
def test_a_fast_clock_waits_as_much_less(
    monkeypatch: pytest.MonkeyPatch, rate: float, least: float, most: float
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    retry = retrying(crawling=True)
    spider: Any = retry._crawler.spider
    spider.clock = Clock(epoch=0, rate=rate)
    assert isinstance(answered(retry, Request(URL), 500), Request)
    assert least * 0.99 <= sum(slept) <= most * 1.01


def test_a_wait_ends_when_the_crawl_is_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    retry = retrying(crawling=True)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        retry._crawler.crawling = False

    monkeypatch.setattr(asyncio, "sleep", sleep)
    answered(retry, Request(URL), 500)
    assert len(slept) == 1
    assert slept[0] <= 0.5


@given(seconds=st.integers(0, 10**9 - 1))
def test_seconds_are_seconds(seconds: int) -> None:
    assert retry_after(str(seconds).encode(), NOW) == seconds


@given(st.binary(max_size=40))
def test_no_header_breaks_it(header: bytes) -> None:
    found = retry_after(header, NOW)
    assert found is None or found >= 0


def test_a_date_without_a_zone_is_utc() -> None:
    assert retry_after(b"Sat, 14 Feb 2026 01:05:40 -0000", NOW) == 30
    assert retry_after(None, NOW) is None
    assert [backoff(5, retry) for retry in (1, 2, 5)] == [5, 10, 80]


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("https://x.test/login", True),
        ("https://x.test/account/Login.aspx?next=1", True),
        ("https://x.test/sso/start", True),
        ("https://x.test/en/sign-in/", True),
        ("https://x.test/cdn-cgi/challenge-platform/x", True),
        ("https://x.test/connexion", True),
        ("https://x.test/races/login-stakes", True),
        ("https://x.test/blogin/1", False),
        ("https://x.test/authors/", False),
        ("https://x.test/races/1?from=login", False),
        ("https://x.test/affiliates/v1/racing/meetings", False),
    ],
)
def test_what_a_login_page_is_called(url: str, login: bool) -> None:
    assert looks_like_login(url) is login
