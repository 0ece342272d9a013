"""The exacta matrix as the database has it, its fair prices, and why there are none where there are none."""

import datetime as dt
import json
from itertools import permutations

import pytest
from parsel import Selector
from sqlalchemy import text

from alerts.history import History, Takeout
from alerts.reading.overlay import overlays
from alerts.reading.sheet import Sheet
from alerts.rules.kinds import KINDS
from horses_scrapy.clock import to_ms
from horses_scrapy.storage.queries import board_view

PATH = "/api/v1/races/2/exacta"
NOW = dt.datetime(2026, 5, 2, 17, 17, tzinfo=dt.UTC)
KEPT = 0.185  # of exactas, in tracks.yaml
GRID = """SELECT g.interests, g.payouts, g.fetched_at FROM pair_grid g JOIN board b ON b.board_id = g.board_id
WHERE b.race_id = :race AND b.fetched_at <= :at ORDER BY b.fetched_at DESC LIMIT 1"""
NEWEST = "board_id = (SELECT board_id FROM board WHERE race_id = 2 ORDER BY fetched_at DESC LIMIT 1)"
INTEREST = "(SELECT interest_id FROM betting_interest WHERE race_id = 2 AND label = '{}')"


def rows(house, sql, **given):
    with house.store.read() as connection:
        return connection.execute(text(sql), given).all()


def write(house, *statements):
    with house.store.write() as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount


def stored(house, race, at):
    """(first, second) -> minor units, of the newest grid at an instant."""
    [grid] = rows(house, GRID, race=race, at=to_ms(at))
    labels = dict(rows(house, "SELECT interest_id, label FROM betting_interest WHERE race_id = :race", race=race))
    order = [labels[interest] for interest in json.loads(grid.interests)]
    paid = iter(json.loads(grid.payouts))
    pairs = {(first, second): next(paid) for first in order for second in order}
    return {pair: payout for pair, payout in pairs.items() if payout is not None}


def shown(told):
    return {(cell["first"], cell["second"]): cell for cell in told["cells"]}


def money(house):
    """On each interest, in the newest win pool of race 2."""
    [(amounts,)] = rows(house, f"SELECT amounts FROM pool_change WHERE {NEWEST}")
    named = rows(
        house,
        "SELECT label, position FROM pool JOIN betting_interest USING (interest_id) WHERE pool.race_id = 2 AND bet_type = 'win'",
    )
    return {label: json.loads(amounts)[position] for label, position in named}


def test_every_cell_is_the_stored_one_and_the_row_is_the_winner(house):
    told = house.json(PATH)
    expected = stored(house, 2, NOW)
    assert {pair: round(cell["payout"] * 100) for pair, cell in shown(told).items()} == expected
    assert len(expected) == 8 * 7
    assert any(expected[first, second] != expected[second, first] for first, second in expected)
    assert (told["rows"], told["columns"], told["base"], told["currency"], told["estimate"]) == (
        "first",
        "second",
        2,
        "USD",
        True,
    )
    assert told["grid_at"] == told["board"]["fetched_at"] == "2026-05-02T17:17:00Z"
    assert [one["label"] for one in told["labels"]] == [str(number) for number in range(1, 9)]
    assert told["labels"][0]["horse"] == "Wild Falcon / Copper Promise"  # coupled: one interest


@pytest.mark.parametrize("gamma", [1.0, 0.81])
def test_fair_prices_are_henery_s_of_the_win_pool_s_money_after_takeout(house, gamma):
    told = house.json(f"{PATH}?gamma={gamma}")
    amounts = money(house)
    chance = {label: amount / sum(amounts.values()) for label, amount in amounts.items()}
    for (first, second), cell in shown(told).items():
        behind = sum(of**gamma for label, of in chance.items() if label != first)
        fair = 2 * (1 - KEPT) / (chance[first] * chance[second] ** gamma / behind)
        assert cell["fair"] == pytest.approx(fair, abs=0.006)
        assert cell["overlay"] == pytest.approx(cell["payout"] / fair - 1, abs=0.0001)
    assert (told["chances_by"], told["takeout"]) == ("money", {"rate": KEPT, "assumed": False})
    assert told["model"]["gamma"] == gamma
    implied = 1 - 1 / sum(200 / paid for paid in stored(house, 2, NOW).values())
    assert told["implied_takeout"] == pytest.approx(implied, abs=0.0001)
    assert implied == pytest.approx(KEPT, abs=0.01)  # the tote's own grid, breakage included


def test_what_a_mail_calls_an_overlay_is_one_here(house):
    rule = KINDS["exacta_overlay"].model_validate({"name": "it", "kind": "exacta_overlay", "percent": 20})
    with house.store.read() as connection:
        [board_id] = connection.execute(text(f"SELECT board_id FROM board WHERE {NEWEST}")).one()
        board = board_view(connection, board_id)
    sheet = Sheet(board, History(takeouts={"exacta": Takeout(KEPT, assumed=False)}), 600_000)
    by_rule = {reading.labels: reading.value / 100_000 for reading in overlays(rule, sheet)}
    here = {pair: cell["overlay"] for pair, cell in shown(house.json(f"{PATH}?gamma=1")).items()}
    assert here == {pair: pytest.approx(value, abs=0.0001) for pair, value in by_rule.items()}


def test_the_rule_file_s_gamma_is_the_usual_one(house):
    assert house.json(PATH)["model"] == {"name": "Henery, gamma 0.81", "gamma": 0.81}


def test_a_matrix_of_the_past_has_the_horses_of_then(house):
    """#6 of race 1 was scratched at 17:06."""
    then = dt.datetime(2026, 5, 2, 17, 4, 45, tzinfo=dt.UTC)
    before, now = house.json("/api/v1/races/1/exacta?at=2026-05-02T17:04:45Z"), house.json("/api/v1/races/1/exacta")
    out = {told["at"]: [one["label"] for one in told["labels"] if one["scratched"]] for told in (before, now)}
    assert out == {"2026-05-02T17:04:45Z": [], "2026-05-02T17:17:00Z": ["6"]}
    assert {pair: round(cell["payout"] * 100) for pair, cell in shown(before).items()} == stored(house, 1, then)
    assert before["board"]["fetched_at"] == "2026-05-02T17:04:30Z"
    assert set(shown(now)) == set(permutations("12345789", 2))


def test_before_the_first_board_there_is_nothing_and_the_reason_is_told(house):
    told = house.json(f"{PATH}?at=2026-05-02T12:00:00%2B00:00")
    assert (told["cells"], told["labels"], told["board"]) == ([], [], None)
    assert "no board" in told["reason"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (f"UPDATE board SET flags = 'no_pairs' WHERE {NEWEST}", "the pair prices could not be had"),
        ("DELETE FROM pair_grid", "no exacta prices are shown"),
    ],
)
def test_without_a_grid_there_are_no_cells(house, broken, reason):
    write(house, broken, *(["UPDATE board SET grids = ''"] if "DELETE" in broken else []))
    told = house.json(PATH)
    assert (told["cells"], told["reason"]) == ([], reason)
    assert told["labels"]
    assert reason in house.get("/races/2").text


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (f"UPDATE board SET flags = 'pool_fell,suspect' WHERE {NEWEST}", "flagged pool_fell, suspect"),
        (f"UPDATE board SET source_time = fetched_at - 700000 WHERE {NEWEST}", "its source says it is 700 s old"),
        (
            "UPDATE board SET grids = '' WHERE race_id = 2 AND fetched_at > (SELECT max(fetched_at) FROM board) - 660000",
            "the pair prices have stood still for 11 min",
        ),
    ],
)
def test_pay_outs_that_cannot_be_held_against_the_pool_have_no_fair_price(house, broken, reason):
    write(house, broken)
    told = house.json(PATH)
    assert reason in told["reason"]
    assert told["cells"]
    assert {(cell["fair"], cell["overlay"]) for cell in told["cells"]} == {(None, None)}
    assert reason in house.get("/races/2").text


NO_MONEY = "UPDATE pool_change SET amounts = '[100000]'"


def test_by_a_display_s_odds_where_no_money_is_shown_and_a_capped_one_is_a_floor(house):
    write(
        house,
        NO_MONEY,
        f"UPDATE latest_odds SET price = 100000, status = 1 WHERE interest_id = {INTEREST.format(4)}",
    )
    told = house.json(PATH)
    assert told["chances_by"] == "display"
    floors = {pair: cell for pair, cell in shown(told).items() if "4" in pair}
    assert {(cell["fair"], cell["overlay"]) for cell in floors.values()} == {(None, None)}
    assert {cell["note"] for cell in floors.values()} == {"the win price of #4 is capped: only a floor is shown"}
    assert all(cell["overlay"] is not None for pair, cell in shown(told).items() if "4" not in pair)


def test_one_unknown_chance_leaves_nobody_s_known(house):
    write(house, NO_MONEY, f"UPDATE latest_odds SET price = NULL WHERE interest_id = {INTEREST.format(4)}")
    told = house.json(PATH)
    assert told["reason"] == "#4 has no win price, so nobody's chance is known"
    assert len(told["cells"]) == 56
    assert {cell["fair"] for cell in told["cells"]} == {None}


def test_a_cell_at_the_cap_is_a_floor(house):
    cap = max(stored(house, 2, NOW).values())
    write(house, f"UPDATE pair_grid SET cap = {cap} WHERE {NEWEST}")
    told = house.json(PATH)
    capped = [cell for cell in told["cells"] if cell["capped"]]
    assert [(round(cell["payout"] * 100), cell["overlay"], cell["note"]) for cell in capped] == [
        (cap, None, "capped: only a floor is shown")
    ]
    assert (told["cap"], told["implied_takeout"]) == (cap / 100, None)


def test_a_rule_file_that_cannot_be_read_takes_no_matrix_away(house_of, tmp_path, monkeypatch):
    house = house_of()
    broken = tmp_path / "config"
    broken.mkdir()
    (broken / "alerts.yaml").write_text("rules: {")
    monkeypatch.setattr(type(house.settings), "alerts_file", broken / "alerts.yaml")
    told = house.json(PATH)
    assert (len(told["cells"]), told["model"]["name"]) == (56, "Harville")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/races/99/exacta", 404),
        (f"{PATH}?source=betfair", 404),
        (f"{PATH}?source=demo", 200),
        (f"{PATH}?source=%27%20OR%201=1", 400),
        (f"{PATH}?gamma=0", 400),
        (f"{PATH}?gamma=nan", 400),
        (f"{PATH}?at=2026-05-02T17:04:45", 400),  # of which zone?
        (f"{PATH}?at=9999-12-31T23:59:59-14:00", 400),
        (f"{PATH}?at=0001-01-01T00:00:00%2B14:00", 400),
        ("/api/v1/races/9007199254740993/exacta", 400),
    ],
)
def test_what_is_asked_for_is_bounded(house, path, status):
    assert house.get(path, status).status_code == status


def test_the_page_shows_each_pair_once_with_its_number_and_a_colour(house):
    page = house.get("/races/1").text
    told = shown(house.json("/api/v1/races/1/exacta"))
    for (first, second), cell in told.items():
        assert page.count(f'data-key="x-{first}-{second}" data-value="{cell["payout"]}"') == 1
    assert page.count('class="pair heat') == len(told) == 56
    assert "Rows: first. Columns: second." in page
    assert page.count(", scratched</span>") >= 2  # its row and its column say so in words


def test_an_official_race_has_no_estimates_and_one_that_is_off_says_that_pay_outs_lag(house):
    shown = {race: Selector(house.get(f"/races/{race}").text).css("#exacta") for race in (1, 2)}
    assert {race: len(one.css("h2 .estimate")) for race, one in shown.items()} == {1: 0, 2: 1}
    assert ["lag the win pool" in one.get() for one in shown.values()] == [True, False]


def test_what_a_site_calls_an_interest_is_text_in_the_matrix(house):
    write(house, "UPDATE betting_interest SET label = '<b>\"' WHERE race_id = 2 AND label = '4'")
    shown = Selector(house.get("/races/2").text).css(".pairs")
    assert shown.css("b") == []
    assert 'x-3-<b>"' in shown.css("[data-key]::attr(data-key)").getall()
