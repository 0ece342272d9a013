"""Money flow of stored boards: the sums are those of the database, and a scratch is nobody's outflow."""

import datetime as dt
import json

import pytest
from parsel import Selector
from sqlalchemy import text

from horses_scrapy.web import flow_chart

NOW = dt.datetime(2026, 5, 2, 17, 17, tzinfo=dt.UTC)
WIN = "/api/v1/races/{}/flow"
SHOWN = """SELECT b.fetched_at, c.amounts FROM board b JOIN pool_change c ON c.board_id = b.board_id
WHERE b.race_id = :race ORDER BY b.fetched_at"""
NAMED = """SELECT label, position FROM pool JOIN betting_interest USING (interest_id)
WHERE pool.race_id = :race AND bet_type = 'win'"""


def on_boards(house, race):
    """By label, what was on it at each board, in units."""
    with house.store.read() as connection:
        named = connection.execute(text(NAMED), {"race": race}).all()
        boards = [json.loads(row.amounts) for row in connection.execute(text(SHOWN), {"race": race})]
    return {
        label: [0 if board[position] is None else board[position] / 100 for board in boards]
        for label, position in named
    }


def write(house, *statements):
    with house.store.write() as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount


@pytest.mark.parametrize("interval", [10, 60, 300, 3600])
def test_what_came_in_is_the_last_board_less_the_first(house, interval):
    told = house.json(f"{WIN.format(2)}?interval={interval}")
    boards = on_boards(house, 2)
    assert {one["label"] for one in told["interests"]} == boards.keys()
    for one in told["interests"]:
        held = boards[one["label"]]
        assert (one["opening"], one["amount"]) == (held[0], held[-1])
        assert sum(one["growth"]) == pytest.approx(held[-1] - held[0])
    assert sum(one["total"] for one in told["intervals"]) == pytest.approx(told["amount"] - told["opening"])
    assert (told["currency"], told["estimate"], told["reason"]) == ("USD", False, None)


def test_an_interval_is_what_came_between_its_two_boards(house):
    told = house.json(f"{WIN.format(2)}?interval=60")
    boards = on_boards(house, 2)
    last = told["intervals"][-1]
    assert (last["start"], last["end"], last["minutes"]) == ("2026-05-02T17:16:00Z", "2026-05-02T17:17:00Z", 4)
    came = {label: held[-1] - held[-3] for label, held in boards.items()}  # a board every 30 s
    assert {one["label"]: one["growth"][-1] for one in told["interests"]} == came
    assert last["total"] == sum(came.values())
    favourite = max(came, key=came.__getitem__)
    shares = {one["label"]: one["shares"][-1] for one in told["interests"]}
    assert shares[favourite] == pytest.approx(came[favourite] / sum(came.values()), abs=0.0001)


def test_a_scratched_horse_s_money_is_out_from_the_beginning(house):
    """#6 of race 1: its refund made the pool fall between two boards, and nobody's growth is below 0."""
    told = house.json(f"{WIN.format(1)}?interval=30")
    boards = on_boards(house, 1)
    assert max(boards["6"]) > 0 == boards["6"][-1]
    assert [(one["label"], one["amount"]) for one in told["netted"]] == [("6", max(boards["6"]))]
    assert "6" not in {one["label"] for one in told["interests"]}
    assert min(grown for one in told["interests"] for grown in one["growth"]) >= 0
    assert sum(one["share"] for one in told["interests"]) == pytest.approx(1, abs=0.001)


def test_the_post_is_the_edge_of_an_interval(house):
    told = house.json(f"{WIN.format(1)}?interval=300")
    assert [one["minutes"] for one in told["intervals"]] == [10, 5, 0, -5]
    assert (told["race"]["post_time"], told["off_at"]) == ("2026-05-02T17:10:00Z", "2026-05-02T17:11:30Z")


def test_the_next_board_adds_what_it_brings(house):
    before = house.json(WIN.format(2))
    house.look(NOW + dt.timedelta(seconds=60))
    after = house.json(WIN.format(2))
    held = on_boards(house, 2)
    assert after["amount"] == pytest.approx(sum(amounts[-1] for amounts in held.values()))
    assert after["amount"] > before["amount"]
    assert after["intervals"][-1]["total"] == pytest.approx(after["amount"] - before["amount"])


TOTALS_ALONE = "UPDATE pool_change SET amounts = '[' || json_extract(amounts, '$[0]') || ']'"


def test_without_money_per_interest_it_is_an_estimate_by_prices(house):
    write(house, TOTALS_ALONE)
    told = house.json(WIN.format(2))
    with house.store.read() as connection:
        price = dict(
            connection.execute(
                text("SELECT label, price FROM latest_odds JOIN betting_interest USING (interest_id) WHERE race_id = 2")
            ).all()
        )
    raw = {label: 1 / one for label, one in price.items()}
    assert told["estimate"]
    assert "estimate" in house.get("/races/2").text
    assert "1/price" in told["notes"][0]
    assert {one["label"]: one["share"] for one in told["interests"]} == {
        label: pytest.approx(of / sum(raw.values()), abs=0.001) for label, of in raw.items()
    }


def test_a_pool_of_which_only_the_total_is_shown(house):
    told = house.json(f"{WIN.format(2)}?pool=exacta")
    assert told["interests"] == []
    assert told["amount"] == 15562  # of the newest board
    assert sum(one["total"] for one in told["intervals"]) == pytest.approx(told["amount"] - told["opening"])
    assert told["notes"] == ["only the pool's total is shown: a refund after a scratch looks like money that left"]


@pytest.mark.parametrize(
    ("path", "reason"), [(f"{WIN.format(2)}?pool=trio", "the source shows no trio pool"), (WIN.format(2), "no board")]
)
def test_without_a_pool_the_reason_is_told(house, path, reason):
    if reason == "no board":
        write(
            house, "DELETE FROM pool_change", "DELETE FROM pair_grid", "DELETE FROM price_change", "DELETE FROM board"
        )
    told = house.json(path)
    assert reason in told["reason"]
    assert (told["intervals"], told["interests"], told["amount"]) == ([], [], None)


def test_a_suspect_board_s_money_is_not_told(house):
    """A misread pool of ten times the money came and went again: neither is a flow."""
    write(
        house,
        "UPDATE board SET flags = 'suspect' WHERE race_id = 2 AND fetched_at = 1777742190000",
        "UPDATE pool_change SET amounts = replace(amounts, '[', '[9') WHERE board_id = 101",
        "UPDATE pool_change SET amounts = replace(amounts, ',139300,', ',99139300,') WHERE board_id = 101",
    )
    told = house.json(f"{WIN.format(2)}?interval=30")
    assert max(one["total"] for one in told["intervals"]) < 10_000
    assert min(one["total"] for one in told["intervals"]) >= 0


@pytest.mark.parametrize(
    "query",
    ["interval=9", "interval=3601", "interval=x", "pool=win_back", "pool=", "source=a%00b", "source=" + "x" * 65],
)
def test_what_is_asked_for_is_bounded(house, query):
    house.get(f"{WIN.format(2)}?{query}", 400)


def test_the_page_draws_every_interest_and_tells_the_figures(house):
    page = house.get("/races/1").text
    told = house.json(WIN.format(1))
    for one in told["interests"]:
        assert f'id="flow-{one["label"]}"' in page
    assert page.count('class="strip"') == len(told["interests"]) + 1
    assert page.count('class="post"') == page.count('class="off"') == len(told["interests"]) + 1
    assert "left out from the beginning" in page
    assert " style=" not in page


def test_the_newest_intervals_are_in_figures_and_the_rest_is_a_link_away(house):
    shown = Selector(house.get("/races/2").text).css("#flow-figures")
    told = house.json(shown.css("p a::attr(href)").get())
    rows = [row.css("td::text").getall() for row in shown.css("tbody tr")]
    expected = [
        [one["total"], *(interest["growth"][place] for interest in told["interests"])]
        for place, one in enumerate(told["intervals"])
    ]
    assert len(told["intervals"]) > len(rows) == 10
    assert rows == [["0" if one == 0 else f"{one:+,.0f}" for one in each] for each in expected[:-11:-1]]


def test_bars_are_drawn_against_the_interest_s_usual_part():
    bars = flow_chart.parts([0.5, 0.25, 0.1, None, 0.9], [50, 25, 10, -1, 90], 0.25)
    assert [(bar.kind, bar.height) for bar in bars] == [
        ("over", 100),
        ("even", 50),
        ("under", 20),
        ("left", 12),
        ("over", 100),
    ]
    assert flow_chart.drawn(bars[:2] + bars[4:], 5) == {
        "over": "M1.6 100v-100h16.8v100zM81.6 100v-100h16.8v100z",
        "even": "M21.6 100v-50h16.8v50z",
    }
    assert [(bar.kind, bar.height) for bar in flow_chart.totals([0, 50, -100])] == [("came", 50), ("left", 100)]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([3, 2, 1, 0, -1], ["3", "2", "1", "post", "+1"]),
        ([25 - each for each in range(30)], ["25", "20", "15", "10", "5", "post"]),
        ([None, None], []),
    ],
)
def test_the_axis_has_a_few_whole_minutes_and_the_post(minutes, expected):
    assert [tick.text for tick in flow_chart.ticks(minutes)] == expected
