import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline import SHIPPED, spider_of
from scrapy.http import HtmlResponse, Request, Response, TextResponse
from scrapy.http.request import NO_CALLBACK
from scrapy.settings import Settings as ScrapySettings

from horses_scrapy.errors import EmptyResponse
from horses_scrapy.middlewares import saved
from horses_scrapy.middlewares.kept import Kept
from horses_scrapy.middlewares.problems import Problems
from horses_scrapy.spiders.awapuni import AwapuniSpider

URL = "http://127.0.0.1:8000/meetings?day=1"
NOW = datetime(2026, 2, 14, 1, 5, 10, tzinfo=UTC)


def crawler(home: Path, at: datetime = NOW, **arguments: str) -> Any:
    settings = ScrapySettings({"STATE_FILES": True, "HORSES": SHIPPED.model_copy(update={"home": home})})
    return SimpleNamespace(spider=spider_of(AwapuniSpider, at.isoformat(), **arguments), settings=settings)


def kept(home: Path, at: datetime = NOW, **arguments: str) -> Kept:
    """The middleware in a narrow crawl, unless told otherwise."""
    return Kept.from_crawler(crawler(home, at, **(arguments or {"race": "1"})))


def card(**options: Any) -> Request:
    spider = spider_of(AwapuniSpider, NOW.isoformat())
    return spider.get(options.pop("url", URL), spider.parse, **{"card": True, **options})


def fetch(middleware: Kept, request: Request, status: int = 200, body: bytes = b"<p>card</p>") -> None:
    assert middleware.process_request(request) is None
    request.meta["fetched_at"] = NOW
    headers = {"Content-Type": "text/html", "Set-Cookie": "id=1"}
    middleware.process_response(request, HtmlResponse(request.url, status=status, headers=headers, body=body))


def after(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_card_serves_the_narrow_crawls_of_the_next_five_minutes(tmp_path: Path) -> None:
    fetch(kept(tmp_path, date="2026-02-14"), card())
    request = card()
    found = kept(tmp_path, after(300)).process_request(request)
    assert isinstance(found, HtmlResponse)
    assert (found.text, found.url, found.flags, found.status) == ("<p>card</p>", URL, ["cached"], 200)
    assert "Set-Cookie" not in found.headers
    assert request.meta["fetched_at"] == NOW
    assert kept(tmp_path, after(301)).process_request(card()) is None
    assert kept(tmp_path, after(-1)).process_request(card()) is None


@pytest.mark.parametrize(("arguments", "found"), [({"race": "2"}, True), ({"only": "boards"}, True), ({"only": "card"}, False), ({"date": "2026-02-14"}, False)])  # fmt: skip
def test_a_crawl_of_the_whole_card_fetches_it_anew(tmp_path: Path, arguments: dict[str, str], found: bool) -> None:
    fetch(kept(tmp_path), card())
    assert (kept(tmp_path, **arguments).process_request(card()) is not None) is found


@pytest.mark.parametrize(
    "other",
    [{"fresh": True}, {"card": False}, {"url": f"{URL}0"}, {"headers": {"X-Partner": "other"}}],
)
def test_what_is_not_the_same_question_is_asked(tmp_path: Path, other: dict[str, Any]) -> None:
    fetch(kept(tmp_path), card())
    assert kept(tmp_path).process_request(card(**other)) is None


def test_a_query_by_post_is_told_by_its_body(tmp_path: Path) -> None:
    spider = spider_of(AwapuniSpider, NOW.isoformat())

    def query(race: int) -> Request:
        return spider.post_json(URL, {"race": race}, spider.parse, card=True)

    fetch(kept(tmp_path), query(1))
    assert kept(tmp_path).process_request(query(1)) is not None
    assert kept(tmp_path).process_request(query(2)) is None


def test_neither_a_board_nor_a_failure_nor_a_redirected_card_is_kept(tmp_path: Path) -> None:
    fetch(kept(tmp_path), card(card=False))
    fetch(kept(tmp_path), card(), status=404)
    fetch(kept(tmp_path), card(meta={"redirect_urls": ["http://127.0.0.1:8000/"]}))
    assert not (tmp_path / "data").exists()


def test_a_retry_is_the_same_question(tmp_path: Path) -> None:
    first = card()
    assert kept(tmp_path).process_request(first) is None
    again = first.replace(meta=first.meta)
    again.headers["User-Agent"] = "what Scrapy adds on the way"
    fetch(kept(tmp_path), again)
    assert kept(tmp_path).process_request(card()) is not None


@pytest.mark.parametrize("status", [200, 404])
def test_robots_txt_is_good_for_an_hour_whatever_the_crawl(tmp_path: Path, status: int) -> None:
    def robots() -> Request:
        return Request("http://127.0.0.1:8000/robots.txt", callback=NO_CALLBACK)

    fetch(kept(tmp_path, date="2026-02-14"), robots(), status=status)
    found = kept(tmp_path, after(3600), date="2026-02-14").process_request(robots())
    assert isinstance(found, Response)
    assert found.status == status
    assert kept(tmp_path, after(3601)).process_request(robots()) is None


@given(cut=st.integers(0, 200), twist=st.binary(max_size=3))
def test_a_broken_file_is_a_miss(cut: int, twist: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("kept")
    fetch(kept(home), card())
    (path,) = (home / "data/state/cards").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:cut] + twist + whole[cut + len(twist) :][: len(whole) - cut - 9])
    found = kept(home).process_request(card())
    assert found is None or found.body == b"<p>card</p>"


@pytest.mark.parametrize("head", [{}, {"fetched_at": 5}, {"fetched_at": "2026-02-14"}, {"fetched_at": NOW.isoformat()}])
def test_a_file_of_another_form_is_a_miss(tmp_path: Path, head: dict[str, Any]) -> None:
    fetch(kept(tmp_path), card())
    (path,) = (tmp_path / "data/state/cards").iterdir()
    saved.write(path, head, b"body")
    assert kept(tmp_path).process_request(card()) is None


def test_a_card_that_could_not_be_read_is_forgotten(tmp_path: Path) -> None:
    request = card()
    fetch(kept(tmp_path), request)
    response = TextResponse(URL, request=request)
    Problems(crawler(tmp_path)).process_spider_exception(response, EmptyResponse("nothing"))
    assert kept(tmp_path).process_request(card()) is None


def test_the_folder_is_tidied_when_it_is_written(tmp_path: Path) -> None:
    fetch(kept(tmp_path), card(url=f"{URL}2"))
    (old,) = (tmp_path / "data/state/cards").iterdir()
    os.utime(old, (time.time() - 3700, time.time() - 3700))
    fetch(kept(tmp_path), card())
    assert not old.exists()
    assert len(list((tmp_path / "data/state/cards").iterdir())) == 1


def test_a_disk_that_is_full_costs_the_copy_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").write_text("in the way", "utf-8")
    request = card()
    request.meta["kept_as"] = "x.gz"
    kept(tmp_path).process_response(request, HtmlResponse(URL, body=b"x"))
    assert "is not kept for later crawls" in caplog.text
