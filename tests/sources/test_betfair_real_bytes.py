"""Betfair's answers as recorded by others, through the source. Skipped where they are not at hand.

No recorded market is of Ascot, York or Leopardstown: a test gives Ascot's block another venue, or another day. The recorded
book (30 July 2016) has no catalogue of its day: that one is ours. The recorded catalogue asked for no PLACE markets.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import crawling
import pytest
import yaml
from betfair_server import BetfairServer, playing
from crawling import ROOT, Completed, crawl
from offline import spider_of
from scrapy.http import TextResponse

from horses_scrapy.errors import ParseError
from horses_scrapy.sources.betfair_card import Race, parse_catalogue
from horses_scrapy.sources.betfair_rpc import read_result
from horses_scrapy.spiders.ascot import AscotSpider
from horses_scrapy.track_spider import Visit

SAMPLES = ROOT.parent / "shared/samples/betfair"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")

DAY = date(2023, 6, 1)
CREDENTIALS = {"BETFAIR_APP_KEY": "planted-key", "BETFAIR_USERNAME": "planted-user", "BETFAIR_PASSWORD": "planted-pass"}


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def response(body: bytes) -> TextResponse:
    return TextResponse("http://betfair.test/rpc", body=body, encoding="utf-8")


def visit(venue: str, zone: str) -> Visit:
    track = spider_of(AscotSpider, "2023-06-01T06:00:00Z").track
    return Visit(
        track.model_copy(update={"source_key": venue, "timezone": zone}), DAY, datetime(2023, 6, 1, tzinfo=UTC)
    )


def races(venue: str, zone: str = "Europe/London") -> list[Race]:
    return list(parse_catalogue(response(sample("list_market_catalog.json")), visit(venue, zone)))


def test_the_catalogue_of_one_hundred_win_markets_is_read_venue_by_venue() -> None:
    """100 WIN markets of 1 June 2023: GB 35, US 19, FR 16, IE 15, ZA 8, AU 7, 942 runners."""
    document = json.loads(sample("list_market_catalog.json"))["result"]
    venues = {market["event"]["venue"]: market["event"] for market in document}
    found: Counter[str] = Counter()
    runners = 0
    for venue, event in venues.items():
        zone = (
            "America/Chicago"
            if venue == "Hawthorne"
            else "America/New_York"
            if event["countryCode"] == "US"
            else "Europe/London"
        )
        day = races(venue, zone)
        found[event["countryCode"]] += len(day)
        runners += sum(len(race.runners) for race in day)
        assert len({race.number for race in day}) == len(day)
    assert found == {"GB": 35, "US": 19, "FR": 16, "IE": 15, "ZA": 8, "AU": 7}
    assert runners == 942


def test_races_of_yarmouth_are_numbered_by_their_times() -> None:
    day = races("Yarmouth")
    assert [(race.number, f"{race.post_time:%H:%M}") for race in day] == [
        (1, "13:00"), (2, "13:30"), (3, "14:00"), (4, "14:30"), (5, "15:00"), (6, "15:30"), (7, "16:00"),
    ]  # fmt: skip
    first = day[0]
    assert (first.win, first.name, first.race_type, first.place) == ("1.214833974", "1m Hcap", "gallops", None)
    (amal,) = [runner for runner in first.runners if runner.horse == "Amal"]
    assert (amal.program_number, amal.jockey, amal.post_position) == ("11", "Marco Ghiani", "2")
    assert (amal.trainer, amal.morning_line, amal.selection_id) == ("J R Jenkins", 26_000, 35414381)


def test_races_of_penrith_have_their_numbers_in_their_names_and_race_1_is_gone() -> None:
    day = races("Penrith", "Australia/Sydney")
    assert [race.number for race in day] == [5, 6, 7, 8]
    assert {race.race_type for race in day} == {"harness"}
    runner = day[0].runners[0]
    assert (runner.program_number, runner.horse, runner.horse_country) == ("1", "Some Chevron", "NZ")


def test_forecast_prices_are_fractions() -> None:
    first = races("Fairyhouse")[0]
    lines = {runner.horse: runner.morning_line for runner in first.runners}
    assert (lines["Western Cape"], lines["Love Mocha"], lines["Irresistible You"]) == (4500, 4000, 67_000)


def test_a_football_market_is_ignored_and_an_answer_of_nothing_else_refused() -> None:
    football = json.loads(sample("list_market_catalogue.json"))["result"]
    assert football[0]["eventType"]["id"] == "1"
    with pytest.raises(ParseError, match="none of 1 markets is of Yarmouth"):
        list(parse_catalogue(response(sample("list_market_catalogue.json")), visit("Yarmouth", "Europe/London")))
    both = json.loads(sample("list_market_catalog.json"))
    both["result"] = [*football, *both["result"]]
    found = list(parse_catalogue(response(json.dumps(both).encode()), visit("Yarmouth", "Europe/London")))
    assert found == races("Yarmouth")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("status_error.json", "the service answers TIMEOUT"),
        ("login_fail.json", "result: missing"),
        ("keep_alive_success.json", "error: an object is expected"),
    ],
)
def test_recorded_errors_are_loud_in_the_place_of_market_data(name: str, text: str) -> None:
    with pytest.raises(ParseError, match=text):
        read_result(response(sample(name)))


def catalogue_of_ours(change: Callable[[dict[str, Any]], None] = lambda _: None) -> bytes:
    """The book's market with runners of our naming: program numbers 1 to 6 in the book's order."""
    selections = [
        runner["selectionId"] for runner in json.loads(sample("list_market_book.json"))["result"][0]["runners"]
    ]
    time = "2016-07-30T15:40:00.000Z"
    market = {
        "marketId": "1.125875153",
        "marketName": "1m4f Ours",
        "marketStartTime": time,
        "description": {"marketTime": time, "marketType": "WIN", "raceType": "Flat"},
        "runners": [
            {"selectionId": selection, "runnerName": f"Ours {number}", "metadata": {"CLOTH_NUMBER": str(number)}}
            for number, selection in enumerate(selections, start=1)
        ],
        "eventType": {"id": "7"},
        "event": {"name": "Ascot 30th Jul", "venue": "Ascot", "openDate": time},
    }
    change(market)
    return json.dumps({"jsonrpc": "2.0", "result": [market], "id": 1}).encode()


def with_identity(write: Callable[..., Path], server: BetfairServer, *args: Any, **kwargs: Any) -> Path:
    """The crawl's configuration with the server as the identity service, too."""
    config = write(*args, **kwargs)
    tracks = yaml.safe_load((config.parent / "tracks.yaml").read_text("utf-8"))
    urls = {"identity_url": f"{server.url}/api", "identity_cert_url": f"{server.url}/cert/api"}
    tracks["sources"]["betfair"]["options"] = urls
    (config.parent / "tracks.yaml").write_text(yaml.safe_dump(tracks), "utf-8")
    return config


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Completed]:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "client.pem").touch()
    write = crawling.write_config

    def go(server: BetfairServer, environ: Mapping[str, str], **options: Any) -> Completed:
        monkeypatch.setattr(crawling, "write_config", partial(with_identity, write, server))
        certified = {**environ, "BETFAIR_CERTIFICATES": "certs"} if environ else {}
        return crawl(tmp_path, "track_ascot", "date=2016-07-30", base_url=server.url, environ=certified, **options)

    return go


def prices(done: Completed, market: str) -> dict[str, tuple[int | None, str]]:
    (board,) = done.of("prices")
    return {price["label"]: (price["price"], price["status"]) for price in board["prices"] if price["market"] == market}


def test_a_crawl_logs_in_by_certificate_and_reads_the_recorded_book(
    run: Callable[..., Completed], tmp_path: Path
) -> None:
    answers = {
        "/cert/api/certlogin": sample("login_success.json"),
        "listMarketCatalogue": catalogue_of_ours(),
        "listMarketBook": sample("list_market_book.json"),
    }
    with playing(answers) as server:
        done = run(server, CREDENTIALS)
        assert server.names() == ["/cert/api/certlogin", "listMarketCatalogue", "listMarketBook"]
        for asked in server.asked[1:]:
            assert (asked.headers["X-Authentication"], asked.headers["X-Application"]) == (
                "session_token",
                "planted-key",
            )
        assert json.loads(server.asked[2].body)["params"]["marketIds"] == ["1.125875153"]
        assert done.returncode == 0
        assert "planted" not in done.stderr + done.stdout
        assert "session_token" not in done.stderr + done.stdout
        check_recorded_book(done)
        kept = json.loads((tmp_path / "data/state/betfair_session.json").read_text("utf-8"))
        assert kept["token"] == "session_token"
        # An hour before its end the session is kept alive, and the settled market, which is listed no more, is read from memory.
        (tmp_path / "data/state/betfair_session.json").write_text(
            json.dumps({**kept, "since": kept["since"] - 11 * 3600})
        )
        server.asked.clear()
        server.answers |= {
            "/api/keepAlive": sample("keep_alive_success.json"),
            "listMarketCatalogue": b'{"jsonrpc":"2.0","result":[],"id":1}',
        }
        again = run(server, CREDENTIALS)
        assert server.names() == ["/api/keepAlive", "listMarketCatalogue", "listMarketBook"]
    assert prices(again, "win_last") == prices(done, "win_last")


def check_recorded_book(done: Completed) -> None:
    book = json.loads(sample("list_market_book.json"), parse_float=Decimal)["result"][0]
    assert prices(done, "win_last") == {
        "1": (1_000_000, "active"), "2": (1_000_000, "active"), "3": (1010, "active"), "4": (1_000_000, "active"),
        "5": (1_000_000, "active"), "6": (None, "scratched"),
    }  # fmt: skip
    assert {label: price for label, (price, _) in prices(done, "win_back").items()} == {
        "1": 21_000, "2": 1_000_000, "3": None, "4": 8400, "5": 1_000_000, "6": None,
    }  # fmt: skip
    assert prices(done, "win_lay")["3"] == (1140, "active")
    (board,) = done.of("prices")
    assert board["status"] == "closed"  # suspended in running
    money = {(pool["bet_type"], pool["label"]): pool["amount"] for pool in board["pools"]}
    assert money["win", None] == 74_428_688 == int(book["totalMatched"] * 100)
    assert (money["win", "1"], money["win_back", "1"], money["win_lay", "3"]) == (31_561_046, 200, 12_785)
    (card,) = [race for race in done.of("post_time") if race["entries"]]
    assert (card["race_number"], card["race_date"], card["post_time"]) == (1, "2016-07-30", "2016-07-30T15:40:00+00:00")
    (gone,) = [entry for entry in card["entries"] if entry["status"] == "scratched"]
    assert (gone["program_number"], gone["reduction_factor"]) == ("6", 1667)
    assert gone["scratched_at"] == "2016-07-29T21:22:38+00:00"
    assert card["entries"][0]["reduction_factor"] == 3604


def test_a_crawl_whose_login_is_refused_is_blocked_and_asks_for_nothing(run: Callable[..., Completed]) -> None:
    with playing({"/cert/api/certlogin": sample("login_fail.json")}) as server:
        done = run(server, CREDENTIALS)
        assert server.names() == ["/cert/api/certlogin"]
    assert "blocked: Blocked: API login: INVALID_USERNAME_OR_PASSWORD" in done.stderr
    assert "planted" not in done.stderr + done.stdout


def test_without_credentials_a_crawl_ends_skipped_with_exit_code_0(
    run: Callable[..., Completed], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    with playing({}) as server:
        done = run(server, {})
        assert server.asked == []
    assert done.returncode == 0
    assert (
        "skipped: MissingCredentials: betfair: auth.app_key: the environment variable BETFAIR_APP_KEY is not set"
        in done.stderr
    )
