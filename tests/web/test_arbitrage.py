"""Arbitrage on stored boards: the saved answers of an exchange (Betfair's format) and of a book (TAB NZ's), and one beside it."""

import datetime as dt
from dataclasses import replace

import pytest
from crawling import ROOT
from sqlalchemy import text

from horses_scrapy.fixtures import Case
from horses_scrapy.items import OddsItem, Price, RaceItem, Source
from horses_scrapy.storage import writer

PATH = "/api/v1/arbitrage"
BOOK = Source("book", "decimal", "pool")
BACKS = {"3": 2.48, "1": 3.9, "5": 5.8, "2": 8.2, "4": 16.0}
"""Of tests/fixtures/ascot/one_race/inputs/books.json, by cloth number."""
FIXED = {"1": 2.6, "2": 3.4, "3": 4.8, "4": 6.5, "5": 10.0}
"""Of tests/fixtures/awapuni/one_race/inputs/event.json."""


def store(house, *items):
    with house.store.write() as connection:
        for item in items:
            put = writer.store_board if isinstance(item, OddsItem) else writer.store_race
            put(connection, item, house.settings.tracks[item.track], run_id=None, now_ms=0)


def saved(house, track):
    """The fixture's card and its board are stored; the clock stands half a minute later."""
    items = Case(ROOT / "tests/fixtures" / track / "one_race").read(house.settings).items
    board = next(item for item in items if isinstance(item, OddsItem) and item.status == "open")
    store(house, *(item for item in items if isinstance(item, RaceItem)), board)
    house.clock.at[0] = board.fetched_at + dt.timedelta(seconds=30)
    return board


def beside(board, prices, **fields):
    """The board of a book on the same race."""
    shown = tuple(Price(label=label, market="win_fixed", price=round(price * 1000)) for label, price in prices.items())
    return replace(board, source=BOOK, prices=shown, pools=(), grids=(), **{"flags": frozenset(), **fields})


@pytest.fixture
def ascot(house):
    """An exchange's board of five, and the house."""
    return house, saved(house, "ascot")


def test_only_a_tote_is_no_arbitrage_and_is_named(house):
    told = house.json(PATH)
    assert (told["arbitrages"], told["looked_at"], told["tote_sources"]) == ([], [], ["demo"])
    assert told["reason"].startswith("only tote sources show races to come (demo)")
    assert len(told["caveats"]) >= 5


def test_a_tote_s_price_is_never_a_leg(ascot):
    """The book's own pool shows 99.0 on every horse."""
    house, board = ascot
    tote = tuple(Price(label=label, market="win_tote", price=99_000) for label in BACKS)
    store(house, replace(beside(board, {}), prices=tote))
    told = house.json(PATH)
    assert told["arbitrages"] == []
    assert told["tote_sources"] == ["book"]


@pytest.mark.parametrize(
    ("track", "query", "total"),
    [
        ("ascot", "", sum(1 / (1 + (price - 1) * 0.95) for price in BACKS.values())),
        ("ascot", "?commission=0", sum(1 / price for price in BACKS.values())),
        ("awapuni", "", sum(1 / price for price in FIXED.values())),  # a book takes none
    ],
)
def test_nothing_beats_1_and_the_best_sum_is_told(house, track, query, total):
    saved(house, track)
    told = house.json(f"{PATH}{query}")
    assert told["best_sum"] == pytest.approx(total, abs=1e-6)
    assert f"the best sum is {total:.4f}" in told["reason"]
    assert [(one["reason"], one["sum"]) for one in told["looked_at"]] == [(None, told["best_sum"])]


def test_a_book_beside_the_exchange_makes_one(ascot):
    """10.0 where the exchange has 8.2: 5 horses for 0.9948 without commission, each taken where it pays most."""
    house, board = ascot
    store(house, beside(board, {**BACKS, "3": 2.7, "2": 10.0, "1": 3.7}))
    told = house.json(f"{PATH}?commission=0&stake=1000")
    best = {**BACKS, "3": 2.7, "2": 10.0}
    [sure] = [one for one in told["arbitrages"] if one["kind"] == "dutch"]
    assert sure["sum"] == told["best_sum"] == pytest.approx(sum(1 / price for price in best.values()), abs=1e-6)
    assert {leg["label"]: leg["source"] for leg in sure["legs"]} == {
        "1": "betfair",
        "2": "book",
        "3": "book",
        "4": "betfair",
        "5": "betfair",
    }
    for leg in sure["legs"]:  # whoever wins
        assert leg["stake"] * best[leg["label"]] >= sure["returns"] > sure["outlay"]
        assert leg["odds"]["decimal"] == best[leg["label"]]
    assert sure["outlay"] == pytest.approx(sum(leg["stake"] for leg in sure["legs"]))
    assert sure["outlay"] + sure["unused"] == pytest.approx(1000)
    assert sure["profit"] == pytest.approx(sure["returns"] - sure["outlay"])
    offered = {leg["label"]: leg["available"] for leg in sure["legs"]}
    assert offered == {"1": 250.0, "2": None, "3": None, "4": 60.0, "5": 170.0}  # sizes of books.json


def test_back_at_the_book_and_lay_at_the_exchange(ascot):
    """5.0 against a lay of 4.1, 5%: 5 x 0.95 = 4.75 is more than 4.05."""
    house, board = ascot
    store(house, beside(board, {"1": 5.0}))
    told = house.json(PATH)
    [sure] = [one for one in told["arbitrages"] if one["kind"] == "back_lay"]
    back, lay = sure["legs"]
    assert [(leg["side"], leg["source"], leg["label"]) for leg in (back, lay)] == [
        ("back", "book", "1"),
        ("lay", "betfair", "1"),
    ]
    assert lay["liability"] == pytest.approx(lay["stake"] * 3.1, abs=0.01)
    wins = back["stake"] * 4.0 - lay["stake"] * 3.1
    loses = lay["stake"] * 0.95 - back["stake"]
    assert min(wins, loses) >= sure["profit"] > 0
    assert max(wins, loses) < sure["profit"] + 0.03
    assert told["reason"] is None


GENEROUS = {label: price * 1.5 for label, price in BACKS.items()}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"fetched_at": -61}, None),
        ({"source_time": -61}, None),
        ({"flags": frozenset({"suspect", "overround"})}, None),
        ({"status": "closed"}, "book has it closed"),
    ],
)
def test_a_board_that_is_old_flagged_or_off_makes_none(ascot, fields, reason):
    house, board = ascot
    now = house.clock.now()
    moved = {
        name: now + dt.timedelta(seconds=value) if isinstance(value, int) else value for name, value in fields.items()
    }
    store(house, beside(board, GENEROUS, **moved))
    told = house.json(PATH)
    assert told["arbitrages"] == []
    assert [one["reason"] for one in told["looked_at"]] == [reason]
    unspoilt = {"fetched_at": now - dt.timedelta(seconds=1)}
    if reason is None:
        store(house, beside(board, GENEROUS, **unspoilt))
        assert house.json(PATH)["arbitrages"]


def test_all_boards_too_old_leaves_no_field(ascot):
    house, _ = ascot
    house.clock.at[0] += dt.timedelta(seconds=31)
    told = house.json(PATH)
    assert [one["reason"] for one in told["looked_at"]] == ["no board with its prices is fresh and unflagged"]
    assert "no race has its whole field priced by fresh boards" in told["reason"]
    assert house.json(f"{PATH}?max_age=120")["best_sum"] is not None


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("UPDATE latest_odds SET price = NULL WHERE market = 4 AND interest_id = {}", "nobody backs #5"),
        ("UPDATE entry SET status = 'scratched' WHERE interest_id = {}", "sources disagree on whether #5 runs"),
        (
            "UPDATE latest_odds SET price = NULL, status = 2 WHERE interest_id = {}",
            "sources disagree on whether #5 runs",
        ),
        ("UPDATE race SET off_at = 1 WHERE race_id = (SELECT max(race_id) FROM race)", None),
    ],
)
def test_an_incomplete_or_doubtful_field_makes_none(ascot, spoil, reason):
    """#5 is without a price, or out for one and not for the other."""
    house, board = ascot
    store(house, beside(board, {label: price for label, price in GENEROUS.items() if label != "5"}))
    interest = "(SELECT max(interest_id) FROM betting_interest WHERE label = '5')"
    assert house.json(f"{PATH}?commission=0")["arbitrages"]
    with house.store.write() as connection:
        assert connection.execute(text(spoil.format(interest))).rowcount
    told = house.json(f"{PATH}?commission=0")
    assert [one for one in told["arbitrages"] if one["kind"] == "dutch" or reason is None or "disagree" in reason] == []
    assert [one["reason"] for one in told["looked_at"]] == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    "query",
    ["commission=-0.01", "commission=0.51", "commission=nan", "max_age=0", "max_age=3601", "stake=0", "stake=1.5"],
)
def test_what_is_asked_for_is_bounded(house, query):
    house.get(f"{PATH}?{query}", 400)
