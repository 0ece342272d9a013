import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from offline import SHIPPED, spider_of
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import JsonResponse, Request, Response
from scrapy.settings import Settings as ScrapySettings
from scrapy.signalmanager import SignalManager
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from horses_scrapy.errors import Blocked, ConfigError
from horses_scrapy.middlewares import saved
from horses_scrapy.middlewares.archive import Archive, tidy
from horses_scrapy.middlewares.replay import FailedThen, Replay, past
from horses_scrapy.spiders.awapuni import AwapuniSpider
from horses_scrapy.track_spider import TrackSpider

NOW = datetime(2026, 2, 14, 1, 5, 10, tzinfo=UTC)
URL = "http://127.0.0.1:8000/races"


class Run:
    run_id = 7

    def finished_races(self, _: date) -> frozenset[int]:
        return frozenset({2})

    def post_times(self, _: date) -> dict[int, datetime]:
        return {1: NOW}


class Crawl:
    """An archiving spider of run 7, and what its archive then says."""

    def __init__(self, home: Path, days: int = 7) -> None:
        self.folder = home / "data/archive/7"
        self.spider: TrackSpider = spider_of(AwapuniSpider, NOW.isoformat(), race="1")
        self.spider.arguments = {"race": "1"}
        self.spider.run = Run()  # type: ignore[assignment]
        http = SHIPPED.http.model_copy(update={"archive_days": days})
        settings = SHIPPED.model_copy(update={"home": home, "http": http})
        crawler: Any = SimpleNamespace(
            spider=self.spider,
            settings=ScrapySettings({"STATE_FILES": True, "HORSES": settings}),
            signals=SignalManager(self),
        )
        self.archive = Archive.from_crawler(crawler)

        asyncio.run(self._started())

    async def _started(self) -> None:
        async def nothing() -> AsyncIterator[Request]:
            for request in ():
                yield request

        assert [one async for one in self.archive.process_start(nothing())] == []

    def yields(self, request: Request) -> Request:
        """As it leaves the archive's part of the spider."""

        async def output() -> AsyncIterator[Request]:
            yield request

        async def passed() -> Request:
            return await anext(self.archive.process_spider_output(Response(URL), output()))

        return asyncio.run(passed())

    def get(self, url: str = URL, **options: Any) -> Request:
        request = self.yields(self.spider.get(url, self.spider.parse, **options))
        request.meta["fetched_at"] = NOW
        return request

    def answers(self, request: Request, body: bytes = b"{}", **more: Any) -> None:
        headers = {"Content-Type": "application/json", "Set-Cookie": "id=1"}
        self.archive.process_spider_input(
            JsonResponse(request.url, headers=headers, body=body, request=request, **more)
        )

    def replay(self) -> Replay:
        return Replay(self.folder)


def asked(request: Request) -> Request:
    """As a replaying spider makes it."""
    return Request(request.url, method=request.method, body=request.body, errback=print)


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    crawl = Crawl(tmp_path)
    request = crawl.get()
    crawl.answers(request, b'{"a": "\xc3\xa4"}', flags=["cached"], status=404)
    again = asked(request)
    response = crawl.replay().process_request(again)
    assert isinstance(response, JsonResponse)
    assert (response.status, response.flags, response.json()) == (404, ["cached"], {"a": "ä"})
    assert response.headers == {b"Content-Type": [b"application/json"]}
    assert (again.meta["fetched_at"], again.meta["archived_as"]) == (NOW, 1)
    head, _ = saved.read(crawl.folder / "0001.gz")
    assert head["request_url"] == head["url"] == URL
    assert "headers" in head
    assert b"id=1" not in b"".join(path.read_bytes() for path in crawl.folder.iterdir())


def test_the_second_answer_to_a_question_comes_second_and_a_third_does_not_come(tmp_path: Path) -> None:
    crawl = Crawl(tmp_path)
    query = crawl.spider.post_json(URL, {"race": 1}, crawl.spider.parse)
    for body in (b"[1]", b"[2]"):
        crawl.answers(crawl.yields(query), body)
    replay = crawl.replay()
    assert [replay.process_request(asked(query)).body for _ in range(2)] == [b"[1]", b"[2]"]
    for never in (asked(query), Request(URL, errback=print), Request(f"{URL}/3", errback=print)):
        with pytest.raises(IgnoreRequest, match="not in the archive"):
            replay.process_request(never)
        assert never.errback is None  # nobody is told: the run did not ask either


def test_a_redirected_answer_is_found_by_what_was_asked(tmp_path: Path) -> None:
    crawl = Crawl(tmp_path)
    request = crawl.get()
    crawl.answers(request.replace(url=f"{URL}/moved"))
    assert crawl.replay().process_request(Request(URL)).url == f"{URL}/moved"


def test_a_failure_fails_again_and_an_error_status_is_an_answer(tmp_path: Path) -> None:
    crawl = Crawl(tmp_path)
    refused, missing = crawl.get(), crawl.get(f"{URL}/2")
    for request, error in ((refused, Blocked("HTTP 403")), (missing, HttpError(Response(missing.url)))):
        failure = Failure(error)
        failure.request = request
        list(request.errback(failure))
    assert crawl.spider.problems[0].args == ("HTTP 403",)
    with pytest.raises(FailedThen, match="Blocked: HTTP 403"):
        crawl.replay().process_request(asked(refused))
    assert len(list(crawl.folder.glob("*.gz"))) == 1


def test_what_a_source_calls_private_is_not_written(tmp_path: Path) -> None:
    crawl = Crawl(tmp_path)
    crawl.answers(crawl.get(meta={"private": True}))
    assert [path.name for path in crawl.folder.iterdir()] == ["run.json"]


def test_run_json_says_what_the_database_knew(tmp_path: Path) -> None:
    crawl = Crawl(tmp_path)
    then = past(crawl.folder)
    assert (then.spider, then.started_at) == ("track_awapuni", crawl.spider.clock.now_ms())
    assert then.arguments == {"race": "1", "date": "2026-02-14"}
    assert then.known.finished_races(crawl.spider.race_date) == {2}
    assert then.known.post_times(crawl.spider.race_date) == {1: NOW}
    for broken in ("", "[]", '{"spider": "x"}'):
        (crawl.folder / "run.json").write_text(broken, "utf-8")
        with pytest.raises(ConfigError, match="not what the archive writes"):
            past(crawl.folder)


def test_nothing_is_archived_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured):
        Crawl(tmp_path, days=0)


def test_whole_runs_go_when_their_days_are_over(tmp_path: Path) -> None:
    for name, days in (("5", 8), ("6", 6)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "run.json").write_text("{}", "utf-8")
        for path in (folder / "run.json", folder):
            os.utime(path, (time.time() - days * 86_400,) * 2)
    tidy(tmp_path, 7)
    assert [path.name for path in tmp_path.iterdir()] == ["6"]
    tidy(tmp_path / "none", 7)


def test_a_run_of_another_database_keeps_its_answers(tmp_path: Path) -> None:
    first = Crawl(tmp_path)
    first.answers(first.get())
    Crawl(tmp_path)
    names = sorted(path.name for path in first.folder.parent.iterdir())
    assert names[0] == "7"
    assert names[1].startswith("7-")
    assert not list(first.folder.glob("*.gz"))


def test_a_disk_that_is_full_costs_the_archive_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    crawl = Crawl(tmp_path)
    request = crawl.get()
    (crawl.folder / "run.json").unlink()
    crawl.folder.rmdir()
    crawl.answers(request)
    assert "the rest of this run is not archived" in caplog.text
    crawl.answers(request)
    assert len(caplog.messages) == 1
