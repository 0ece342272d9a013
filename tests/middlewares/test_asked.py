import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from offline import spider_of
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.items import AnyItem, OddsItem, RaceItem, ResultItem, Source
from horses_scrapy.middlewares.asked import AskedFor
from horses_scrapy.spiders.awapuni import AwapuniSpider

NOW = datetime(2026, 2, 14, 1, 5, 10, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=2)
URL = "http://127.0.0.1:8000/odds"
KEY: dict[str, Any] = {
    "track": "awapuni", "race_date": date(2026, 2, 14), "source": Source("s", "decimal", "pool"), "url": URL,
    "fetched_at": NOW,
}  # fmt: skip
RACES = [RaceItem(**KEY, race_number=n, source_key=str(n), post_time=NOW, status="official") for n in (1, 2)]
BOARD = OddsItem(**KEY, race_number=1, status="official", prices=())
RESULT = ResultItem(**KEY, race_number=1, status="official", finishers=())
ALL: list[AnyItem] = [*RACES, BOARD, RESULT]


class Counts(dict[str, int]):
    def inc_value(self, name: str) -> None:
        self[name] = self.get(name, 0) + 1


class Crawl:
    def __init__(self, **arguments: str) -> None:
        self.stats = Counts()
        spider = spider_of(AwapuniSpider, NOW.isoformat(), **arguments)
        self.middleware = AskedFor(SimpleNamespace(spider=spider, stats=self.stats))  # type: ignore[arg-type]

    def gives(self, *yielded: Any, flags: tuple[str, ...] = (), fetched_at: datetime = NOW) -> list[Any]:
        async def output() -> AsyncIterator[Any]:
            for one in yielded:
                yield one

        async def passed() -> list[Any]:
            request = Request(URL, meta={"fetched_at": fetched_at})
            response = Response(URL, flags=list(flags), request=request)
            return [one async for one in self.middleware.process_spider_output(response, output())]

        return asyncio.run(passed())


@pytest.mark.parametrize(
    ("only", "passed"),
    [(None, ALL), ("card", RACES), ("boards", [BOARD]), ("results", [RACES[0], RESULT])],
)
def test_only_what_was_asked_for_goes_out(only: str | None, passed: list[AnyItem]) -> None:
    crawl = Crawl(**({} if only is None else {"only": only}))
    assert crawl.gives(*ALL) == passed
    assert bool(crawl.stats) is (only is not None)


def test_a_result_brings_what_was_read_of_its_race_on_other_pages() -> None:
    crawl = Crawl(only="results")
    entered = replace(RACES[0], name="with entries")
    assert crawl.gives(*RACES) == crawl.gives(entered, BOARD) == []
    assert crawl.gives(RESULT) == [RACES[0], entered, RESULT]


def test_what_an_earlier_crawl_fetched_is_marked_wherever_it_goes_out() -> None:
    crawl = Crawl(race="1")
    old_race, old_board = replace(RACES[0], fetched_at=EARLIER), replace(BOARD, fetched_at=EARLIER)
    marked = replace(old_race, from_cache=True)
    assert crawl.gives(old_race, flags=("cached",), fetched_at=EARLIER) == [marked]
    assert crawl.gives(old_race, BOARD) == [marked, BOARD]
    assert crawl.gives(old_board)[0].flags == {"from_cache"}
    assert Crawl(race="1").gives(old_race) == [old_race]


def test_what_an_errback_yields_is_held_to_the_same() -> None:
    def failed(_: Failure) -> Iterator[Any]:
        yield BOARD
        yield Request(f"{URL}/2", errback=failed)

    crawl = Crawl(only="results")
    (request,) = crawl.gives(Request(URL, errback=failed))
    (following,) = request.errback(Failure(ValueError()))
    assert following.url == f"{URL}/2"
    assert [one.url for one in following.errback(Failure(ValueError()))] == [f"{URL}/2"]
    assert crawl.gives(Request(URL))[0].errback is None
