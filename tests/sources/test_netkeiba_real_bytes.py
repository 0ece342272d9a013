"""Answers that netkeiba really sent, recorded by others. Skipped where they are not at hand.

JRA's were recorded at Fukushima (03) and Kokura, which are no tracks of ours: the tests read them as such a track's.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT, Completed, crawl
from offline import outcome, pages, spider_of
from raw_server import answer, serving
from scrapy.http import HtmlResponse, TextResponse

from horses_scrapy.errors import ParseError
from horses_scrapy.items import Entry, RaceItem
from horses_scrapy.sources.netkeiba_odds import CAP, PAIRS, SOURCE, parse_pairs, parse_win_place
from horses_scrapy.sources.netkeiba_pages import parse_entries, parse_race_list
from horses_scrapy.spiders.kochi import KochiSpider
from horses_scrapy.spiders.tokyo import TokyoSpider
from horses_scrapy.track_spider import Visit

SAMPLES = ROOT.parent / "shared/samples/netkeiba"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")

LIST, ENTRIES, ODDS = "race_list_sub_20260628.html", "shutuba_202603020211.html", "odds_202603020211.json"
NAR_ENTRIES, NAR_ODDS = "nar_shutuba_202654071210.html", "nar_odds_b1_202654071210.html"
AT = datetime(2026, 6, 28, 7, tzinfo=UTC)


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def visit(day: date, course: str = "03") -> Visit:
    track = spider_of(TokyoSpider, "2026-06-28T06:00:00Z").track
    return Visit(track.model_copy(update={"source_key": course}), day, AT)


def page(name: str) -> HtmlResponse:
    return HtmlResponse("https://example.test/x", body=sample(name))


def thousandths(shown: str) -> int:
    return int(Decimal(shown.replace(",", "")) * 1000)


def runners(number: int, day: date) -> RaceItem:
    """A card of ours for an answer that came without one."""
    entries = tuple(Entry(program_number=str(n), label=str(n), horse=f"馬{n}") for n in range(1, number + 1))
    return RaceItem(
        track="tokyo", race_date=day, race_number=11, source=SOURCE, source_key="202603020211", url="x", fetched_at=AT,
        post_time=None, status="scheduled", entries=entries,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("course", "name", "post"), [("03", "3歳以上障害未勝利", 1), ("10", None, None), ("02", None, None)]
)
def test_the_recorded_list_has_three_meetings_of_twelve_races(course: str, name: str | None, post: int | None) -> None:
    races = list(parse_race_list(page(LIST), visit(date(2026, 6, 28), course)))
    assert [race.race_number for race in races] == list(range(1, 13))
    assert all(race.source_key[4:6] == course for race in races)
    if name is not None:
        assert [race.surface for race in races] == [
            None, "dirt", "turf", "turf", "turf", "dirt", "turf", "turf", "turf", "dirt", "turf", "dirt",
        ]  # fmt: skip
        assert (races[0].name, races[0].post_time) == (name, datetime(2026, 6, 28, 1, 5, tzinfo=UTC))
        assert (races[10].source_key, races[10].post_time) == ("202603020211", datetime(2026, 6, 28, 6, 45, tzinfo=UTC))


def test_the_list_of_another_day_is_refused() -> None:
    with pytest.raises(ParseError, match="2026-06-27 was asked for, the list is of 20260628"):
        parse_race_list(page(LIST), visit(date(2026, 6, 27)))


def test_the_recorded_entries_of_fukushima_11() -> None:
    race = parse_entries(page(ENTRIES), visit(date(2026, 6, 28)), "202603020211")
    assert (race.race_number, race.name, race.surface) == (11, "ラジオNIKKEI賞", "turf")
    assert race.post_time == datetime(2026, 6, 28, 6, 45, tzinfo=UTC)
    assert [entry.program_number for entry in race.entries] == [str(number) for number in range(1, 17)]
    first, eleventh = race.entries[0], race.entries[10]
    assert (first.horse, first.jockey, first.trainer) == ("ルージュボヤージュ", "北村宏", "木村")
    assert (eleventh.horse, eleventh.jockey, eleventh.trainer) == ("コロナドブリッジ", "三浦", "庄野")
    assert (eleventh.horse_key, eleventh.status) == ("2023107368", "active")


@pytest.mark.parametrize(
    ("name", "number", "day", "status", "seconds"),
    [
        (ODDS, 16, date(2026, 6, 28), "official", datetime(2026, 6, 28, 6, 52, 30, tzinfo=UTC)),
        ("odds_middle_202603020611.json", 16, date(2026, 7, 12), "open", datetime(2026, 7, 11, 7, 40, 16, tzinfo=UTC)),
        ("odds_win.json", 17, date(2026, 6, 7), "official", datetime(2026, 6, 7, 6, 50, 27, tzinfo=UTC)),
    ],
)
def test_every_recorded_win_and_place_price(name: str, number: int, day: date, status: str, seconds: datetime) -> None:
    board = parse_win_place(TextResponse("x:y", body=sample(name)), visit(day), runners(number, day))
    told = json.loads(sample(name))["data"]["odds"]
    expected = {("win_tote", str(int(key))): thousandths(cell[0]) for key, cell in told["1"].items()}
    expected |= {("place_low", str(int(key))): thousandths(cell[0]) for key, cell in told["2"].items()}
    expected |= {("place_high", str(int(key))): thousandths(cell[1]) for key, cell in told["2"].items()}
    assert {(price.market, price.label): price.price for price in board.prices} == expected
    assert {price.status for price in board.prices} == {"active"}
    assert (board.status, board.source_time) == (status, seconds)


def pair_prices(name: str, bet: str) -> dict[tuple[str, str], int]:
    day = date(2026, 6, 13)
    grid = parse_pairs(TextResponse("x:y", body=sample(name)), visit(day), runners(16, day), bet)
    assert grid is not None
    assert (grid.base, grid.cap, grid.currency) == (100, 9_999_990, "JPY")
    return {(cell.first, cell.second): cell.payout for cell in grid.prices}


def test_the_recorded_exacta_is_ordered() -> None:
    assert pair_prices("odds_exacta.json", "6") == {("7", "4"): 3100, ("4", "7"): 5860}


def test_the_recorded_quinella_with_a_thousands_comma() -> None:
    assert pair_prices("odds_quinella.json", "4") == {("4", "7"): 2160, ("5", "7"): 540, ("1", "2"): 114_110}


def test_the_cap_of_the_pairs_is_the_recorded_one() -> None:
    caps = dict(line.split("\t") for line in sample("netkeiba_sentinels.txt").decode().splitlines())
    assert {caps["quinella"], caps["exacta"]} == {"99999.9"}
    assert thousandths(caps["exacta"]) // 10 == CAP
    assert {form.cap for form in PAIRS.values()} == {CAP}


def nar(**changes: str) -> dict[str, Any]:
    """Race 1's page was not recorded: race 10's, which links to the same races, stands for it."""
    bodies: dict[str, bytes | None] = {
        "shutuba.html": sample(NAR_ENTRIES),
        "odds/index.html race_id=202654071210": sample(NAR_ODDS),
    }
    spider = spider_of(KochiSpider, "2026-07-12T11:45:00Z", **{"date": "2026-07-12", "race": "10", **changes})
    return outcome(spider, pages(bodies))


def test_the_recorded_race_of_kochi() -> None:
    found = nar()
    assert found["error"] is None
    race, board = found["items"]
    assert (race["race_number"], race["post_time"]) == (10, datetime(2026, 7, 12, 11, 50, tzinfo=UTC))
    assert race["surface"] == "dirt"
    assert [entry["program_number"] for entry in race["entries"]] == [str(number) for number in range(1, 13)]
    first = race["entries"][0]
    assert (first["horse"], first["jockey"], first["trainer"]) == ("ジャスタースパーク", "畑中信司", "西山裕貴")
    prices = {(price["market"], price["label"]): price["price"] for price in board["prices"]}
    assert len(prices) == 36
    assert (prices["win_tote", "1"], prices["win_tote", "3"], prices["win_tote", "12"]) == (24_800, 5100, 9900)
    assert (prices["place_low", "1"], prices["place_high", "1"]) == (6800, 8500)
    assert (board["status"], board["source_time"], board["grids"]) == ("open", None, ())


def test_kochi_has_ten_races_that_day() -> None:
    assert nar(race="11")["error"] == "NoCard: no race 11 at kochi on 2026-07-12"


def test_a_page_of_race_10_is_not_taken_for_race_9() -> None:
    found = nar(race="9")
    assert found["items"] == []
    assert "202654071209 09 20260712 was asked for, this is a page of 202654071210 10 20260712" in found["error"]


def test_a_recorded_page_in_euc_jp_reads_the_same() -> None:
    """The saved bytes are UTF-8; live pages may be EUC-JP, which their header or their meta tells."""
    text = sample(NAR_ENTRIES).decode().replace("UTF-8", "EUC-JP", 1)
    body = text.encode("euc-jp", "replace")
    told = [
        HtmlResponse("https://example.test/x", body=body),
        HtmlResponse("https://example.test/x", body=body, headers={"Content-Type": "text/html; charset=EUC-JP"}),
    ]
    for response in told:
        race = parse_entries(response, visit(date(2026, 7, 12), "54"), "202654071210")
        assert race.entries[0].horse == "ジャスタースパーク"


@pytest.fixture(scope="module")
def tokyo(tmp_path_factory: pytest.TempPathFactory) -> Completed:
    """Fukushima's race 11 as one of Tokyo; its exacta, which was not recorded, is another day's with the time of this one."""
    as_tokyo: Callable[[str], bytes] = lambda name: sample(name).replace(b"2026030202", b"2026050202")  # noqa: E731
    exacta = sample("odds_exacta.json").replace(b"2026-06-13 11:27:38", b"2026-06-28 15:52:30")
    routes = {
        "/top/race_list_sub.html": [answer(200, as_tokyo(LIST), Content_Type="text/html; charset=UTF-8")],
        "/race/shutuba.html": [answer(200, as_tokyo(ENTRIES), Content_Type="text/html")],
        "/api/api_get_jra_odds.html": [answer(200, sample(ODDS), Content_Type="text/html"), answer(200, exacta)],
    }
    with serving(routes) as server:
        done = crawl(tmp_path_factory.mktemp("tokyo"), "track_tokyo", "date=2026-06-28", "race=11", base_url=server.url)
        assert server.paths() == ["/top/race_list_sub.html", "/race/shutuba.html", *["/api/api_get_jra_odds.html"] * 2]
    return done


def test_tokyo_as_a_process(tokyo: Completed) -> None:
    assert "ERROR" not in tokyo.stderr
    assert "WARNING" not in tokyo.stderr
    assert len(tokyo.of("post_time")) == 13
    (board,) = tokyo.of("prices")
    prices = {(price["market"], price["label"]): price["price"] for price in board["prices"]}
    assert (len(prices), prices["win_tote", "13"], prices["win_tote", "10"]) == (48, 5400, 151_800)
    assert (prices["place_low", "10"], prices["place_high", "10"]) == (21_200, 28_400)
    assert [(cell["first"], cell["second"], cell["payout"]) for cell in board["grids"][0]["prices"]] == [
        ("4", "7", 5860),
        ("7", "4", 3100),
    ]
    assert (board["flags"], board["status"]) == ([], "official")


def test_kochi_as_a_process(tmp_path: Path) -> None:
    """Race 10's page stands for race 1's, which was not recorded."""
    routes = {
        "/race/shutuba.html": [answer(200, sample(NAR_ENTRIES), Content_Type="text/html")],
        "/odds/index.html": [answer(200, sample(NAR_ODDS), Content_Type="text/html; charset=UTF-8")],
    }
    with serving(routes) as server:
        done = crawl(tmp_path, "track_kochi", "date=2026-07-12", "race=10", base_url=server.url)
        assert server.paths() == ["/race/shutuba.html", "/race/shutuba.html", "/odds/index.html"]
    (board,) = done.of("prices")
    assert (len(board["prices"]), board["status"], board["flags"]) == (36, "open", [])


def test_no_recorded_answer_is_larger_than_the_limit_of_a_download() -> None:
    assert max(len(sample(path.name)) for path in SAMPLES.iterdir()) < 4 * 2**20
