import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT
from documents import response
from offline import outcome, pages, spider_of
from scrapy.http import HtmlResponse, Request, TextResponse

from horses_scrapy.errors import Blocked, ConfigError, EmptyResponse, NoCard, ParseError
from horses_scrapy.items import OddsItem, PairGrid, RaceItem
from horses_scrapy.sources.netkeiba_nar import parse_nar_board
from horses_scrapy.sources.netkeiba_odds import CAP, parse_pairs, parse_win_place, place_range, quote
from horses_scrapy.sources.netkeiba_pages import parse_entries, parse_race_list, parse_race_numbers
from horses_scrapy.spiders.kochi import KochiSpider
from horses_scrapy.spiders.tokyo import TokyoSpider
from horses_scrapy.track_spider import TrackSpider, Visit

Saved = Callable[[str], Any]

NOW = "2026-02-15T06:32:00Z"
DAY = date(2026, 2, 15)
RACE_DAY = {
    "kochi": ROOT / "tests/fixtures/kochi/race_day/inputs",
    "tokyo": ROOT / "tests/fixtures/tokyo/race_day/inputs",
}
TENTH, ELEVENTH, TWELFTH = (f"2026050102{number}" for number in (10, 11, 12))
WIN_PLACE, EXACTA, QUINELLA = (f"tokyo/race_day/{name}_11" for name in ("win_place", "exacta", "quinella"))
KOCHI_1 = "202654021501"


def visit(spider: type[TrackSpider] = TokyoSpider) -> Visit:
    return Visit(spider_of(spider, NOW, date=DAY.isoformat()).track, DAY, datetime.fromisoformat(NOW))


def page(name: str, *changes: tuple[str, str], track: str = "tokyo") -> HtmlResponse:
    """A page of the race day; each change must have something to change."""
    text = (RACE_DAY[track] / f"{name}.html").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return HtmlResponse("https://example.test/x", body=text.encode())


def entered(number: int = 11) -> RaceItem:
    return parse_entries(page(f"entries_{number}"), visit(), f"2026050102{number}")


def board(document: Any, race: RaceItem | None = None) -> OddsItem:
    return parse_win_place(response(document), visit(), race or entered())


def pair_grid(document: Any, bet: str = "6") -> PairGrid | None:
    return parse_pairs(response(document), visit(), entered(), bet)


def crawled(
    track: str, change: Callable[[dict[str, bytes | None]], None] = lambda _: None, **asked: str
) -> tuple[Any, list[str]]:
    """The race day, its files by name changed; and the names of what was asked for, in order."""
    folder: Path = RACE_DAY[track]
    meta = json.loads((folder.parent / "meta.json").read_text("utf-8"))
    files: dict[str, bytes | None] = {name: (folder / name).read_bytes() for name in meta["pages"].values()}
    change(files)
    told: list[str] = []
    by_name = pages({words: name.encode() for words, name in meta["pages"].items()})

    def answer(request: Request) -> bytes | None:
        name = (by_name(request) or b"").decode()
        told.append(name)
        return files[name]

    spider = spider_of(TokyoSpider if track == "tokyo" else KochiSpider, NOW, date=DAY.isoformat(), **asked)
    return outcome(spider, answer), told


def boards(found: Any) -> list[dict[str, Any]]:
    return [item for item in found["items"] if item["kind"] == "OddsItem"]


@pytest.mark.parametrize(
    ("shown", "price", "status"),
    [
        ("9.0", 9000, "active"),
        ("1,141.1", 1_141_100, "active"),
        ("99999.9", 99_999_900, "active"),
        ("---.-", None, "active"),
        ("0.0", None, "active"),
        ("1.0", None, "active"),
        ("-3.0", None, "scratched"),
        ("-2.0", None, "scratched"),
    ],
)
def test_odds_as_they_are_printed(shown: str, price: int | None, status: str) -> None:
    assert (quote(shown, "here").price, quote(shown, "here").status) == (price, status)


@pytest.mark.parametrize("shown", ["10", "10.", "0.9", "-1.0", "1,14.1", "9.05", "取消", "NaN", "", "1e3"])
def test_odds_that_are_none(shown: str) -> None:
    """`10` is what a page cut short makes of 10.4."""
    with pytest.raises(ParseError, match="here"):
        quote(shown, "here")


def test_a_place_pays_from_low_to_high() -> None:
    low, high = place_range("1.9", "2.3", "here")
    assert (low.price, high.price) == (1900, 2300)
    with pytest.raises(ParseError, match=r"here: a place from 2\.3 to 1\.9"):
        place_range("2.3", "1.9", "here")


def test_forecast_odds_are_not_market_odds() -> None:
    """`yoso`: odds before selling, by nobody's money."""
    found, told = crawled("tokyo", race="12")
    (read,) = boards(found)
    assert {(price["price"], price["status"]) for price in read["prices"]} == {(None, "active")}
    assert (read["status"], read["source_time"], read["grids"]) == ("scheduled", None, ())
    assert told == ["list.html", "entries_12.html", "win_place_12.json"]


@pytest.mark.parametrize(("word", "status"), [("middle", "open"), ("result", "official")])
def test_what_the_answer_tells_of_the_race(saved: Saved, word: str, status: str) -> None:
    document = saved(WIN_PLACE)
    document["status"] = word
    assert board(document).status == status


@pytest.mark.parametrize("word", ["NG", "Middle", "", None, 1])
def test_an_unknown_status_is_an_error(saved: Saved, word: object) -> None:
    document = saved(WIN_PLACE)
    document["status"] = word
    with pytest.raises(ParseError, match="status"):
        board(document)


def test_times_without_an_offset_are_japans(saved: Saved) -> None:
    assert board(saved(WIN_PLACE)).source_time == datetime(2026, 2, 15, 6, 31, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "at", "sound"),
    [
        ("middle", "2026-02-14 19:00:00", True),
        ("middle", "2026-02-15 00:10:00", True),
        ("middle", "2026-02-16 00:10:00", False),
        ("result", "2026-02-14 19:00:00", False),
        ("result", "2026-02-16 00:10:00", False),
        ("middle", "2026-02-15 15:31:07+09:00", False),
        ("middle", "15:31:07", False),
    ],
)
def test_odds_of_another_day_are_refused(saved: Saved, word: str, at: str, sound: bool) -> None:
    document = saved(WIN_PLACE)
    document["status"], document["data"]["official_datetime"] = word, at
    if sound:
        assert board(document).source_time is not None
    else:
        with pytest.raises(ParseError, match=r"data\.official_datetime"):
            board(document)


@pytest.mark.parametrize(
    "cell", [["-3.0", "0.0", "9999"], ["-2.0", "0", "9999"], ["---.-", "0.0", "9999"], ["9.9", "0.0", "9"]]
)
def test_a_horse_that_is_scratched_on_the_card_has_no_price_whatever_is_printed(saved: Saved, cell: list[str]) -> None:
    document = saved(WIN_PLACE)
    document["data"]["odds"]["1"]["03"] = cell
    told = {(price.market, price.label): (price.price, price.status) for price in board(document).prices}
    assert {told[market, "3"] for market in ("win_tote", "place_low", "place_high")} == {(None, "scratched")}


def test_the_odds_may_know_of_a_scratch_before_the_card(saved: Saved) -> None:
    document = saved(WIN_PLACE)
    document["data"]["odds"]["1"]["01"] = ["-3.0", "0.0", "9999"]
    told = {price.label: price for price in board(document).prices if price.market == "place_high"}
    assert (told["1"].price, told["1"].status, told["2"].price) == (None, "scratched", 1500)


def test_a_runner_without_odds_among_others_is_missing(saved: Saved) -> None:
    document = saved(WIN_PLACE)
    del document["data"]["odds"]["1"]["01"]
    first = board(document).prices[0]
    assert (first.label, first.market, first.price, first.status) == ("1", "win_tote", None, "missing")


def set_win(document: Any, **cells: list[str]) -> None:
    document["data"]["odds"]["1"].update({name[1:]: cell for name, cell in cells.items()})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: set_win(d, _09=["9.9", "0.0", "9"]), "odds of 9, who are no runners of race 11"),
        (lambda d: set_win(d, _1=["9.9", "0.0", "9"]), r"data\.odds\.1\.1: 1 numbers of two digits"),
        (lambda d: set_win(d, _01=["2.0", "0.0"]), r"data\.odds\.1\.01: .* three values are expected"),
        (lambda d: set_win(d, _01=["2.0", "2.4", "1"]), r"data\.odds\.1\.01\[1\]: 0.0 is expected"),
        (lambda d: set_win(d, _01=["0.0", "2.0", "1"]), r"data\.odds\.1\.01\[1\]: 0.0 is expected"),
        (lambda d: set_win(d, _01=["2.0", "0.0", "1.5"]), r"data\.odds\.1\.01\[2\]: a rank is expected"),
        (lambda d: set_win(d, _01=["2.6", "0.0", "1"], _02=["2.0", "0.0", "2"]), "the ranks do not follow the odds"),
        (lambda d: set_win(d, _01=["2.0", "0.0", "2"]), "the ranks do not follow the odds"),
        (lambda d: d["data"]["odds"].update({"1": d["data"]["odds"]["2"]}), "0.0 is expected"),
        (lambda d: d["data"]["odds"].update({"1": []}), r"data\.odds\.1: an object is expected"),
        (lambda d: d["data"]["odds"].pop("1"), r"data\.odds\.1: missing"),
        (lambda d: d["data"]["odds"].pop("2"), r"data\.odds\.2: missing"),
        (lambda d: d["data"].pop("odds"), r"data\.odds: missing"),
        (lambda d: d["data"].pop("official_datetime"), r"data\.official_datetime: missing"),
        (lambda d: d.update(data=""), "data: an object is expected"),
        (lambda d: d.pop("data"), "data: missing"),
        (lambda d: d.pop("status"), "status: missing"),
        (lambda d: set_win(d, _01=[2.0, "0.0", "1"]), r"data\.odds\.1\.01\[0\]: text is expected"),  # type: ignore[list-item]
    ],
)
def test_a_board_that_cannot_be(saved: Saved, change: Callable[[Any], Any], message: str) -> None:
    document = saved(WIN_PLACE)
    change(document)
    with pytest.raises(ParseError, match=message):
        board(document)


@pytest.mark.parametrize(
    ("body", "error"), [(b"", EmptyResponse), (b"<html>", Blocked), (b'{"status":"middle"', ParseError)]
)
def test_no_answer_page_and_cut_answer(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_win_place(TextResponse("https://example.test/x", body=body), visit(), entered())


def test_an_exacta_is_ordered_and_left_out_where_a_horse_is_scratched(saved: Saved) -> None:
    grid = pair_grid(saved(EXACTA))
    assert grid is not None
    cells = {(cell.first, cell.second): cell.payout for cell in grid.prices}
    assert (grid.bet_type, grid.base, grid.cap, grid.currency) == ("exacta", 100, CAP, "JPY")
    assert (len(cells), cells["1", "2"], cells["2", "1"]) == (12, 370, 430)
    assert not [pair for pair in cells if "3" in pair]


def test_the_cap_of_pairs_is_more_than_any_price(saved: Saved) -> None:
    document = saved(QUINELLA)
    table = document["data"]["odds"]["4"]
    last = max(table, key=lambda name: int(table[name][2]) % 9999)
    table[last][0] = "99999.9"
    grid = pair_grid(document, "4")
    assert grid is not None
    assert max(cell.payout for cell in grid.prices) == grid.cap == CAP == 9_999_990


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("0109", ["9.9", "0.0", "99"]),
        ("0101", ["9.9", "0.0", "99"]),
        ("01", ["9.9", "0.0", "99"]),
        ("0102", ["9999.9", "0.0", "1"]),
        ("0102", ["3.7", "4.0", "1"]),
    ],
)
def test_pairs_that_cannot_be_cost_the_pairs_and_not_the_board(saved: Saved, name: str, cell: list[str]) -> None:
    def change(files: dict[str, bytes | None]) -> None:
        document = saved(EXACTA)
        document["data"]["odds"]["6"][name] = cell
        files["exacta_11.json"] = json.dumps(document).encode()

    found, told = crawled("tokyo", change, race="11")
    (read,) = boards(found)
    assert (read["flags"], read["grids"]) == ({"no_pairs"}, ())
    assert sum(price["price"] is not None for price in read["prices"]) == 12
    assert "ParseError" in found["error"]
    assert told[-1] == "exacta_11.json"


def test_pairs_that_do_not_come_leave_the_other_ones() -> None:
    found, _ = crawled("tokyo", lambda files: files.update({"exacta_11.json": None}))
    read = boards(found)[1]
    assert (read["race_number"], read["flags"]) == (11, {"no_pairs"})
    assert [grid["bet_type"] for grid in read["grids"]] == ["quinella"]


@pytest.mark.parametrize(
    ("track", "asked", "told"),
    [
        ("tokyo", {"race": "11"}, ["list.html", "entries_11.html", "win_place_11.json", "exacta_11.json"]),
        ("tokyo", {"race": "11", "only": "results"}, ["list.html"]),
        ("tokyo", {"only": "card"}, ["list.html", "entries_10.html", "entries_11.html", "entries_12.html"]),
        ("kochi", {"race": "2"}, ["entries_1.html", "entries_2.html", "odds_2.html"]),
        ("kochi", {"race": "1"}, ["entries_1.html", "odds_1.html"]),
        ("kochi", {"only": "card"}, ["entries_1.html", "entries_2.html"]),
    ],
)
def test_a_poll_asks_for_no_more_than_it_must(track: str, asked: dict[str, str], told: list[str]) -> None:
    assert crawled(track, **asked)[1] == told


def test_a_whole_day_reads_the_quinella_too() -> None:
    found, told = crawled("tokyo")
    assert told.count("quinella_11.json") == told.count("exacta_11.json") == 1
    assert [grid["bet_type"] for grid in boards(found)[1]["grids"]] == ["exacta", "quinella"]


def test_the_list_names_only_the_tracks_own_races() -> None:
    races = list(parse_race_list(page("list"), visit()))
    assert [(race.race_number, race.source_key, race.name) for race in races] == [
        (10, TENTH, "架空特別"),
        (11, ELEVENTH, "架空ステークス"),
        (12, TWELFTH, "最終条件"),
    ]
    assert races[1].post_time == datetime(2026, 2, 15, 6, 40, tzinfo=UTC)


def test_a_day_without_racing_at_the_track_is_no_card() -> None:
    with pytest.raises(NoCard, match="no meeting at 05 on 2026-02-15"):
        parse_race_list(page("list", ("race_id=202605", "race_id=202606")), visit())
    with pytest.raises(NoCard, match="links to no race of it"):
        parse_race_numbers(page("entries_11"), visit(KochiSpider))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("RaceList_Body", "Error_Body"), "0 elements '.RaceList_Body'"),
        (("kaisai_date=20260215", "kaisai_date=20260214"), "2026-02-15 was asked for, the list is of 20260214"),
        (("11R", "12R"), "this is not race 12 of 05 in 2026"),
        (("11R", "R"), "a race such as 11R is expected"),
        (("race_id=2026050102", "race_id=2025050102"), "this is not race 10 of 05 in 2026"),
        (("15:40", "25:40"), "a post time such as 15:40 is expected"),
        (("15:40", ""), "a post time such as 15:40 is expected"),
        ((f"{ELEVENTH}&rf", "11&rf"), "a with a race_id of 12 digits is expected"),
    ],
)
def test_a_list_that_cannot_be(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ParseError, match=message):
        list(parse_race_list(page("list", change), visit()))


def test_jockey_and_trainer_stand_with_their_number_whatever_the_order_of_rows() -> None:
    body = page("entries_10").text
    first, second = body.index('<tr class="HorseList" id="tr_1">'), body.index('<tr class="HorseList" id="tr_2">')
    third = body.index('<tr class="HorseList" id="tr_3">')
    turned = body[:first] + body[second:third] + body[first:second] + body[third:]
    before = {entry.program_number: entry for entry in entered(10).entries}
    found = parse_entries(HtmlResponse("https://example.test/x", body=turned.encode()), visit(), TENTH)
    assert [entry.program_number for entry in found.entries] == ["2", "1", "3", "4", "5"]
    assert {entry.program_number: entry for entry in found.entries} == before


@pytest.mark.parametrize(("word", "status"), [("取消", "scratched"), ("除外", "late_scratch")])
def test_a_withdrawn_horse_is_marked_in_its_row(word: str, status: str) -> None:
    race = parse_entries(page("entries_11", ("取消", word)), visit(), ELEVENTH)
    assert [entry.status for entry in race.entries] == ["active", "active", status, "active", "active"]


def test_before_the_numbers_are_drawn_there_are_no_entries_and_no_board() -> None:
    def change(files: dict[str, bytes | None]) -> None:
        body = files["entries_10.html"] or b""
        for number in range(1, 6):
            body = body.replace(f'Txt_C">{number}</td>'.encode(), b'Txt_C"></td>')
        files["entries_10.html"] = body

    found, told = crawled("tokyo", change, race="10")
    assert (found["items"][-1]["entries"], boards(found), told[-1]) == ((), [], "entries_10.html")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((f'race_id={ELEVENTH}">\n</head>', f'race_id={TENTH}">\n</head>'), f"this is a page of {TENTH} 11 20260215"),
        (("\n11R\n</span>", "\n10R\n</span>"), f"this is a page of {ELEVENTH} 10 20260215"),
        (("kaisai_date=20260215", "kaisai_date=20260216"), f"this is a page of {ELEVENTH} 11 20260216"),
        (("kaisai_date=20260215", ""), f"this is a page of {ELEVENTH} 11 no date"),
        (('rel="canonical"', 'rel="other"'), "with a race_id of 12 digits is expected"),
        (("15:40発走", "発走"), "a post time such as 15:40 is expected"),
        (("取消", "未定"), r"\['未定'\] in a row with Cancel"),
        ((" Cancel", ""), r"\['取消'\] in a row without Cancel"),
        (('class="Cancel_Txt"', 'class="Txt"'), r"\[\] in a row with Cancel"),
        (('Umaban1 Txt_C">1<', 'Umaban1 Txt_C">2<'), "stands twice"),
        (('Umaban1 Txt_C">1<', 'Umaban1 Txt_C"><'), "a program number is expected"),
        (("<span>4頭</span>", "<span>6頭</span>"), "4 to 5 horses are listed, 6頭 are announced"),
        (("<span>4頭</span>", "<span>3頭</span>"), "4 to 5 horses are listed, 3頭 are announced"),
        (("ShutubaTable", "OtherTable"), "0 elements 'table.ShutubaTable'"),
        (('class="HorseName"', 'class="Horse"'), "0 elements '.HorseName a'"),
        (('<tr class="HorseList', '<tr class="Horses'), "no horse"),
        (('<td class="Jockey">', "<td>"), "0 elements 'td.Jockey'"),
        (('<td class="Trainer">', '<td class="Jockey">'), "2 elements 'td.Jockey'"),
    ],
)
def test_entries_that_cannot_be(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse_entries(page("entries_11", change), visit(), ELEVENTH)


def test_a_page_cut_short_is_not_taken_for_a_small_field() -> None:
    body = page("entries_10").text
    cut = body[: body.index('<tr class="HorseList" id="tr_4">')]
    with pytest.raises(ParseError, match="the page is cut short"):
        parse_entries(HtmlResponse("https://example.test/x", body=cut.encode()), visit(), TENTH)
    with pytest.raises(ParseError, match="3 to 3 horses are listed, 5頭 are announced"):
        parse_entries(HtmlResponse("https://example.test/x", body=f"{cut}</html>".encode()), visit(), TENTH)


def nar_race(number: int = 1) -> RaceItem:
    key = f"2026540215{number:02d}"
    return parse_entries(page(f"entries_{number}", track="kochi"), visit(KochiSpider), key)


def nar_board(*changes: tuple[str, str], number: int = 1) -> OddsItem:
    return parse_nar_board(page(f"odds_{number}", *changes, track="kochi"), visit(KochiSpider), nar_race(number))


def test_a_local_board_with_place_ranges_and_a_withdrawn_horse() -> None:
    found = nar_board()
    told = {(price.market, price.label): price.price for price in found.prices}
    assert (told["win_tote", "1"], told["place_low", "1"], told["place_high", "1"]) == (2000, 1100, 1400)
    assert [price.status for price in found.prices if price.label == "3"] == ["scratched"] * 3
    assert (found.status, found.source_time) == ("open", None)


@pytest.mark.parametrize("change", [(), (("予想オッズ", "オッズ"),)])
def test_a_forecast_column_or_one_without_its_span_is_no_market(change: tuple[tuple[str, str], ...]) -> None:
    found = nar_board(*change, number=2)
    assert {(price.price, price.status) for price in found.prices} == {(None, "active")}
    assert found.status == "scheduled"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("アオゾラノート", "ベツノウマ"), "1 ベツノウマ is on the board, the card has アオゾラノート"),
        (("<td>2</td>", "<td>1</td>"), "is on the board, the card has"),
        (("2.0</span>", "2</span>"), "odds such as 9.0"),
        (("1.1 - 1.4", "1.4 - 1.1"), "a place from 1.4 to 1.1"),
        (("1.1 - 1.4", "1.1"), "a place from one price to another is expected"),
        (("<th>オッズ</th>", "<th>人気</th>"), "オッズ or 予想オッズ are expected once"),
        (('<td class="Mark_User"></td>', ""), "a row of 4 cells under 5 headers"),
        (("odds_fuku_block", "odds_wide_block"), "0 elements '#odds_fuku_block table'"),
        ((f"race_id={KOCHI_1}", "race_id=202654021502"), "this is a page of 202654021502 01 20260215"),
    ],
)
def test_a_local_board_that_cannot_be(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ParseError, match=message):
        nar_board(change)


def test_a_local_board_whose_columns_have_moved_reads_the_same() -> None:
    moved = (('<th class="Mark">印</th><th>馬名</th>', '<th>馬名</th><th class="Mark">印</th>'),)
    horses = tuple(
        (f'<td class="Mark_User"></td><td class="Horse_Name">{entry.horse}</td>',
         f'<td class="Horse_Name">{entry.horse}</td><td class="Mark_User"></td>')
        for entry in nar_race().entries
    )  # fmt: skip
    assert nar_board(*moved, *horses) == nar_board()


def test_unknown_fields_change_nothing(saved: Saved) -> None:
    document = saved(WIN_PLACE)
    document["data"]["more"] = document["more"] = {"1": 2}
    document["data"]["odds"]["7"] = {"010203": ["9.9", "0.0", "1"]}
    assert board(document) == board(saved(WIN_PLACE))


def test_an_organisation_must_be_named() -> None:
    spider = spider_of(TokyoSpider, NOW)
    spider.track = spider.track.model_copy(update={"options": {"organisation": "HKJC"}})
    with pytest.raises(ConfigError, match=r"tokyo: options\.organisation: JRA or NAR is expected"):
        next(iter(spider.card_requests()))
