"""GET /api/v1/races/{id}: what is shown of a race is what its sources showed, and every bet once."""

import datetime as dt
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import event, select, update
from stored_sample import board, card, store

from horses_scrapy import config
from horses_scrapy.clock import to_ms
from horses_scrapy.items import Entry, Pool, Price, Source, WillPay
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import open_store
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts.odds_history import Window, odds_json
from horses_scrapy.web.facts.race import race_card
from tests.web.conftest import LEDGER, NOW, START, Still, look

RACE = "/api/v1/races/{}"
BOOKMAKER = Source("bookmaker", "decimal", "display")
EXCHANGE = Source("exchange", "decimal", "pool")


def race_7(house, *items) -> str:
    """A race of its own beside those of the synthetic tote; its path."""
    with house.store.write() as connection:
        for item in items:
            store(connection, item)
        found = connection.scalar(select(schema.race.c.race_id).where(schema.race.c.race_number == 7))
    return RACE.format(found)


def runners(answer) -> dict[str, dict]:
    return {runner["program_number"]: runner for runner in answer["runners"]}


def tote(seconds: int, *prices: Price, **fields):
    return board(7, seconds, prices=prices, **fields)


def of_bets(answer, field: str) -> list[float]:
    """Of each interest once; those that are out have none."""
    return [one[field] for one in answer["runners"] if one["coupled_with"] is None and one[field] is not None]


def decimal(quote) -> float | None:
    return None if quote.price is None else quote.price / 1000


def test_odds_moves_and_money_are_those_of_the_tote(house):
    answer, shown = house.json(RACE.format(2)), LEDGER.race(2).board_at
    now, five, open_ = shown(NOW), shown(NOW - dt.timedelta(minutes=5)), shown(START + dt.timedelta(seconds=30))
    assert {one["label"] for one in answer["runners"]} == set(LEDGER.race(2).race.labels)
    for runner in answer["runners"]:
        label = runner["label"]
        assert runner["odds"]["decimal"] == decimal(now.quote(label))
        assert runner["open"]["decimal"] == decimal(open_.quote(label))
        assert runner["pool_amount"] * 100 == now.pools.win[label]
        for field, then in (("last_5_min", five), ("since_open", open_)):
            before, move = decimal(then.quote(label)), runner[field]
            assert move["before"]["decimal"] == before
            assert move["points"] == pytest.approx(100 / decimal(now.quote(label)) - 100 / before, abs=0.006)
    assert answer["told_by"] == "money"
    assert answer["estimate"] is True
    assert answer["board"]["fetched_at"] == "2026-05-02T17:17:00Z"


def test_a_coupled_entry_is_two_horses_and_one_bet(house):
    answer = house.json(RACE.format(2))
    numbers = [one["program_number"] for one in answer["runners"]]
    assert numbers[:3] == ["1", "1A", "2"]
    assert [one["coupled_with"] for one in answer["runners"][:3]] == [None, "1", None]
    assert runners(answer)["1A"]["odds"] == runners(answer)["1"]["odds"]
    for field in ("probability", "pool_share"):
        assert sum(of_bets(answer, field)) == pytest.approx(1, abs=1e-5)
    assert sum(of_bets(answer, "pool_amount")) == next(p["total"] for p in answer["pools"] if p["bet_type"] == "win")


def test_the_part_that_runs_stands_for_a_coupled_entry(house):
    out = (
        Entry(program_number="1", label="1", horse="Alpha", status="scratched"),
        Entry(program_number="1A", label="1", horse="Alphabet"),
        Entry(program_number="2", label="2", horse="Beta"),
    )
    path = race_7(house, card(7, entries=out), board(7, 60))
    found = runners(house.json(path))
    assert (found["1"]["coupled_with"], found["1A"]["coupled_with"]) == ("1A", None)
    assert found["1A"]["probability"] is not None


def test_a_scratch_is_told_and_moves_across_it_are_marked(house):
    answer = house.json(RACE.format(1))
    label = LEDGER.race(1).race.scratched
    out = runners(answer)[label]
    assert out["odds"] == {"decimal": None, "profit": None, "text": "SCR", "status": "scratched"}
    assert (out["since_open"], out["probability"], out["pool_share"]) == (None, None, None)
    others = [one for one in answer["runners"] if one["label"] != label]
    assert {one["since_open"]["across_scratch"] for one in others} == {True}
    assert {one["last_5_min"]["across_scratch"] for one in others} == {False}  # it went out long before
    assert sum(of_bets(answer, "probability")) == pytest.approx(1, abs=1e-5)


def test_the_result_is_the_official_one(house):
    answer, entry = house.json(RACE.format(1)), LEDGER.race(1)
    assert [one["program_number"] for one in answer["result"]["finishers"]] == [
        runner.program_number for runner in entry.official
    ]
    paid = {(one["bet_type"], one["combination"]): one["payout"] for one in answer["result"]["payoffs"]}
    assert paid == {(one.bet_type, one.combination): one.payout / 100 for one in entry.payoffs}
    assert (answer["status"], answer["estimate"]) == ("official", False)
    assert house.json(RACE.format(2))["result"] is None


def test_a_capped_price_is_no_measure_of_a_move(house):
    path = race_7(
        house,
        card(7),
        tote(0, Price(label="1", market="win_tote", price=100_000, status="capped"), Price(label="2", market="win_tote", price=3000)),
        tote(60, Price(label="1", market="win_tote", price=41_000), Price(label="2", market="win_tote", price=2500)),
    )  # fmt: skip
    found = runners(house.json(path))
    assert (found["1"]["open"]["text"], found["1"]["since_open"]) == ("99+", None)
    assert found["2"]["since_open"]["points"] == pytest.approx(100 / 2.5 - 100 / 3, abs=0.006)


def test_every_source_has_its_own_board_and_the_tote_is_shown_first(house):
    fixed = [Price(label=label, market="win_fixed", price=price) for label, price in (("1", 2600), ("2", 1500))]
    path = race_7(
        house,
        card(7),
        tote(60, Price(label="1", market="win_tote", price=3500), Price(label="2", market="win_tote", price=1800)),
        replace(tote(70, *fixed, pools=(), grids=()), source=BOOKMAKER),
    )
    answer = house.json(path)
    assert (answer["source"], answer["market"]) == ("demo", "win_tote")
    assert [one["name"] for one in answer["sources"]] == ["demo", "bookmaker"]
    assert runners(answer)["1"]["elsewhere"]["bookmaker"]["text"] == "2.60"
    theirs = house.json(path + "?source=bookmaker")
    assert (theirs["market"], theirs["told_by"]) == ("win_fixed", "prices")
    assert (runners(theirs)["2"]["odds"]["text"], runners(theirs)["2"]["elsewhere"]["demo"]["text"]) == ("1.50", "4-5")
    assert runners(theirs)["2"]["probability"] == pytest.approx(2.6 / (2.6 + 1.5), abs=1e-6)
    assert theirs["takeouts"] == []
    house.get(path + "?source=nobody", status=404)


def test_what_was_matched_at_an_exchange_is_no_chance_to_win(house):
    matched = tuple(
        Pool(bet_type="win", amount=amount, currency="USD", label=label) for label, amount in (("1", 1), ("2", 999))
    )
    prices = (
        Price(label="1", market="win_back", price=2000),
        Price(label="1", market="win_lay", price=2020),
        Price(label="2", market="win_back", price=2000),
    )
    path = race_7(house, card(7), replace(tote(60, *prices, pools=matched, grids=()), source=EXCHANGE))
    answer = house.json(path)
    assert (answer["market"], answer["told_by"]) == ("win_back", "prices")
    assert {one["probability"] for one in answer["runners"]} == {0.5}
    assert runners(answer)["1"]["others"]["win_lay"]["decimal"] == 2.02


def test_a_race_that_nobody_has_shown_odds_of(house):
    path = race_7(house, card(7))
    answer = house.json(path)
    assert (answer["market"], answer["board"], answer["pools"]) == (None, None, [])
    assert answer["told_not"] == "no board has shown a price yet"
    assert runners(answer)["1"]["morning_line"]["text"] == "5-2"
    assert "No board yet" in house.get(path.removeprefix("/api/v1")).text


def test_an_interest_that_is_not_on_the_card_is_shown_all_the_same(house):
    names = ("1", "2", "10")
    path = race_7(house, card(7), tote(60, *(Price(label=one, market="win_tote", price=4000) for one in names)))
    answer = house.json(path)
    assert [one["program_number"] for one in answer["runners"]] == ["1", "1A", "2", "10"]
    assert (runners(answer)["10"]["horse"], runners(answer)["10"]["odds"]["text"]) == (None, "3-1")


def test_will_pays_and_takeouts(house):
    double = WillPay(bet_type="daily_double", combination="3-1", base=200, payout=1240, currency="USD")
    path = race_7(house, card(7), board(7, 60, will_pays=(double,)))
    answer = house.json(path)
    assert answer["will_pays"] == [
        {"bet_type": "daily_double", "combination": "3-1", "base": 2.0, "payout": 12.4, "currency": "USD"}
    ]
    terms = house.settings.tracks["demo"].terms("win", dt.date(2026, 5, 2))
    told = {one["bet_type"]: one for one in answer["takeouts"]}
    assert told["win"] == {"bet_type": "win", "rate": terms.takeout, "assumed": terms.origin.startswith("unverified")}
    assert set(told) == {"win", "exacta"}


def test_the_small_line_stops_where_a_horse_went_out(house):
    prices = ((0, 3000, "active"), (60, 6000, "active"), (120, None, "scratched"), (600, None, "scratched"))
    boards = [
        tote(seconds, Price(label="1", market="win_tote", price=price, status=status), Price(label="2", market="win_tote", price=2000 + seconds))
        for seconds, price, status in prices
    ]  # fmt: skip
    found = runners(house.json(race_7(house, card(7), *boards)))
    half = len(found["1"]["spark"]) // 2
    assert found["1"]["spark"] == [3.0] * half + [6.0] * half
    assert (found["2"]["spark"][0], found["2"]["spark"][-1], len(found["2"]["spark"])) == (2.0, 2.6, 24)


def test_a_track_that_brings_nothing_is_stale(house):
    house.clock.at[0] = NOW + dt.timedelta(minutes=10)
    with house.store.write() as connection:  # another commit, so that nothing kept is told
        connection.execute(update(schema.race).values(updated_at=1))
    assert house.json(RACE.format(2))["freshness"]["state"] == "stale"
    assert 'role="status">Stale' in house.get("/races/2").text


@pytest.mark.parametrize("asked", ["0", "-1", "x", "9007199254740993", "2?source=a%20b", "2?source=" + "x" * 65])
def test_what_nobody_can_mean_is_refused(house, asked):
    house.get(RACE.format(asked), status=400)


def test_no_such_race(house):
    assert house.json(RACE.format(999), status=404)["error"]["code"] == "not_found"


def test_a_card_costs_a_handful_of_statements(house):
    """However many runners and boards there are."""
    few = race_7(house, card(7), board(7, 60))
    assert asked(house, few) == asked(house, RACE.format(2)) <= 13


def asked(house, path: str) -> int:
    found = []
    with house.store.snapshot() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: found.append(given[2]))
        race_card(Reading(connection, house.settings, house.clock, house.clock.now_ms()), int(path.rpartition("/")[2]))
    return len(found)


def test_both_databases_answer_the_same(postgres_url, tmp_path):
    told = []
    for environ in ({"DB_PATH": str(tmp_path / "card.db")}, {"HORSES_DATABASE_URL": postgres_url}):
        settings = config.load(environ=environ)
        with closing(open_store(settings, Still(), create_as="sample")) as store:
            assert store.dialect == ("sqlite" if "DB_PATH" in environ else "postgresql")
            for minutes in (1, 14, 16):
                look(store, settings, START + dt.timedelta(minutes=minutes))
            with store.snapshot() as connection:
                reading = Reading(connection, settings, Still(), Still().now_ms())
                asked = Window(since=to_ms(START + dt.timedelta(minutes=14)))
                told.append([race_card(reading, 1), race_card(reading, 2), odds_json(reading, 2, asked)])
    assert told[0] == told[1]
