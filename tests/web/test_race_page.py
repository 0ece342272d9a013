"""/races/{id}: whole without a script, the numbers of the API, and text of sites that stays text."""

import datetime as dt
import re

import pytest
from parsel import Selector
from sqlalchemy import select
from stored_sample import board, card, store

from horses_scrapy.items import Entry
from horses_scrapy.storage import schema
from horses_scrapy.web.spark import EDGE, HEIGHT, points
from tests.web.conftest import LEDGER, NOW

MINUS = "\N{MINUS SIGN}"
HOSTILE = "<script>alert(1)</script>\u202e\u200b" + "\u7adc" * 64


def page(house, race_id: int = 2, query: str = "") -> Selector:
    return Selector(house.get(f"/races/{race_id}{query}").text)


def words(node: Selector) -> str:
    return " ".join("".join(node.css("*::text").getall()).split())


def test_the_table_says_what_the_api_says(house):
    rows = page(house).css("table.runners tbody tr")
    told = house.json("/api/v1/races/2")["runners"]
    assert len(rows) == len(told)
    for row, runner in zip(rows, told, strict=True):
        assert words(row.css(".cloth")) == runner["program_number"]
        assert runner["horse"] in words(row.css(".horse"))
        if runner["coupled_with"] is not None:
            assert words(row.css(".price")) == f"with {runner['coupled_with']}"
            continue
        assert words(row.css(".price .odds")) == runner["odds"]["text"]
        assert words(row.css(".chance .share")) == f"{runner['probability'] * 100:.1f}%"
        assert float(row.css(".chance .bar-part::attr(width)").get()) == pytest.approx(
            runner["probability"] * 100, abs=0.01
        )
        move = round(runner["last_5_min"]["points"], 1)
        arrow = "▲ +" if move > 0 else f"▼ {MINUS}" if move < 0 else "= "
        assert words(row.css(".lately .change")).startswith(arrow)
        assert len(row.css("polyline::attr(points)").get().split()) == len(runner["spark"])


def test_live_parts(house):
    shown = page(house)
    assert shown.css("body::attr(data-stream)").get() == "/api/v1/stream?race=2"
    keys = shown.css("[data-key]::attr(data-key)").getall()
    assert len(keys) == len(set(keys))
    ids = shown.css("[id]::attr(id)").getall()
    assert len(ids) == len(set(ids))
    assert shown.css("#chart[data-keep]")
    house.get(shown.css("#chart-card::attr(data-odds)").get())
    for found in shown.css("link[rel=stylesheet]::attr(href), script::attr(src)").getall():
        house.get(found)


def test_nothing_that_the_policy_refuses(house):
    for race in (1, 2, 3):
        shown = page(house, race)
        assert shown.css("script:not([src]), style, [style]").getall() == []
        assert [name for name in re.findall(r"<[a-z][^>]* (on\w+)=", shown.get())] == []  # noqa: C416


def test_scratched_result_and_estimates(house):
    over = page(house, 1)
    out = over.css("table.runners tr.out")
    assert [row.attrib["data-label"] for row in out] == [LEDGER.race(1).race.scratched]
    assert "scratched" in words(out)
    order = [words(one) for one in over.css(".order .cloth")]
    assert order == [runner.program_number for runner in LEDGER.race(1).official]
    assert not over.css("#runners-head ~ table .estimate")
    assert page(house, 2).css("#runners-head ~ table .estimate")
    assert not page(house, 2).css(".order")


def test_hostile_names_are_text(house):
    entries = (
        Entry(program_number="1", label="1", horse=HOSTILE, jockey="<img src=x onerror=y>", trainer="\u202ex"),
        Entry(program_number="2", label="2", horse="B"),
    )
    with house.store.write() as connection:
        for item in (card(7, entries=entries, name="<b>race</b>"), board(7, 60)):
            store(connection, item)
        race_id = connection.scalar(select(schema.race.c.race_id).where(schema.race.c.race_number == 7))
    text = house.get(f"/races/{race_id}").text
    assert "<script>alert" not in text
    assert "<b>race" not in text
    assert "<img src=x" not in text
    assert "\u202e" not in text
    shown = Selector(text).css("table.runners .horse .name")
    assert shown[0].css("::text").get().startswith("<script>alert(1)</script>\u7adc")


def test_another_source_is_a_link_away(house):
    assert not page(house).css(".sources")
    house.get("/races/2?source=nobody", status=404)
    house.get("/races/999", status=404)


def test_a_later_look_is_on_the_page(house):
    before = page(house).css("table.runners .odds::text").getall()
    house.look(NOW + dt.timedelta(minutes=2))
    after = page(house).css("table.runners .odds::text").getall()
    told = [one["odds"]["text"] for one in house.json("/api/v1/races/2")["runners"] if one["coupled_with"] is None]
    assert after == told != before


@pytest.mark.parametrize(
    ("prices", "ends"),
    [
        ([2.0, 4.0], (HEIGHT - EDGE, EDGE)),
        ([40.0, 20.0], (EDGE, HEIGHT - EDGE)),
        ([3.0, 3.0], (HEIGHT / 2, HEIGHT / 2)),
    ],
)
def test_the_shortest_price_is_at_the_bottom(prices, ends):
    found = [float(point.split(",")[1]) for point in points(prices).split()]
    assert (found[0], found[-1]) == ends


def test_one_price_is_no_line():
    assert points([2.0]) == points([]) == ""
