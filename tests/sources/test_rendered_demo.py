"""The JavaScript board as a Chromium drew it (tests/fixtures/demo_js): it is the ledger, or it is refused."""

import datetime as dt
import json
import re
from dataclasses import replace

import pytest
from crawling import ROOT
from offline import SHIPPED, spider_of
from scrapy.http import TextResponse

from horses_scrapy.errors import Blocked, EmptyResponse, NoCard, ParseError, SourceError
from horses_scrapy.items import OddsItem, RaceItem, ResultItem
from horses_scrapy.simulator import pages
from horses_scrapy.simulator.items import Witness
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.sources.rendered_demo import SOURCE, parse_matrix, parse_odds
from horses_scrapy.spiders.demo_js import DemoJsSpider

FIXTURES = ROOT / "tests/fixtures/demo_js"
START = dt.datetime(2026, 5, 2, 19, 50, tzinfo=dt.UTC)
PLANS = {"one_race": Plan(seed=59, start=START, races=1), "race_day": Plan(seed=7, start=START)}
TRACK = SHIPPED.tracks["demo_js"]


class Day:
    """A saved day: its pages, its spider, and the ledger that they come from."""

    def __init__(self, case, **arguments):
        self.case = case
        meta = json.loads((FIXTURES / case / "meta.json").read_text("utf-8"))
        self.crawl = spider_of(DemoJsSpider, meta["frozen_time"], **{**meta["arguments"], **arguments})
        self.ledger = Ledger(PLANS[case])
        self.witness = Witness(self.ledger, TRACK, dt.datetime.fromisoformat(meta["frozen_time"]))

    def html(self, number=None):
        return (FIXTURES / self.case / "inputs" / (f"race_{number}.html" if number else "card.html")).read_text("utf-8")

    def response(self, request, html):
        return TextResponse(request.url, body=html.encode(), encoding="utf-8", request=request)

    def requests(self):
        (card,) = self.crawl.card_requests()
        found = list(self.crawl.read_card(self.response(card, self.html())))
        return [one for one in found if not isinstance(one, RaceItem)]

    def read(self, number, html=None):
        """Items of a race's page, and the error that it ended with."""
        (request,) = [one for one in self.requests() if one.url.endswith(f"/{number}")]
        items, reading = [], request.callback(self.response(request, html or self.html(number)), **request.cb_kwargs)
        try:
            items.extend(reading)
        except SourceError as error:
            return items, error
        return items, None

    def truth(self, number):
        """As track_demo would give it."""
        entry = self.ledger.race(number)
        seen = (self.witness.race(entry), self.witness.result(entry), self.witness.odds(entry))
        url = f"{TRACK.base_url}/js/{self.ledger.plan.race_date}/{number}"
        return [replace(item, source=SOURCE, url=url) for item in seen if item is not None]


@pytest.mark.parametrize(
    ("case", "number", "kinds"),
    [
        ("one_race", 1, [RaceItem, OddsItem]),
        ("race_day", 1, [RaceItem, ResultItem, OddsItem]),
        ("race_day", 2, [RaceItem, OddsItem]),
        ("race_day", 3, [RaceItem, OddsItem]),
    ],
)
def test_a_drawn_page_gives_the_items_of_the_ledger(case, number, kinds):
    day = Day(case)
    found, error = day.read(number)
    assert error is None
    assert [type(item) for item in found] == kinds
    assert found == day.truth(number)
    assert len(found[-1].grids[0].prices) > 30


def test_a_column_of_the_matrix_is_the_winners():
    """The same two cells as on track_demo's grid, where a row is."""
    html = Day("race_day").html(2)
    first_row = re.search(r'<th scope="row">1</th><td></td><td>([\d.]+)</td>', html)[1]
    (_, board), _ = Day("race_day").read(2)
    pays = {(price.first, price.second): price.payout for price in board.grids[0].prices}
    assert pays["2", "1"] == round(float(first_row) * 100)
    assert pays["1", "2"] != pays["2", "1"]


@pytest.mark.parametrize(
    ("only", "kinds"),
    [("boards", [RaceItem, OddsItem]), ("results", [RaceItem, ResultItem]), ("card", [RaceItem])],
)
def test_only_what_is_asked_for(only, kinds):
    day = Day("race_day", only=only)
    assert [type(item) for item in day.read(1)[0]] == kinds


def test_a_poll_of_one_race_is_one_page_beyond_the_card():
    day = Day("race_day", race="3")
    (card,) = day.crawl.card_requests()
    (request,) = day.requests()
    assert (card.meta["card"], request.meta["card"]) == (True, False)
    assert card.meta["settled"] == request.meta["settled"] == "main[data-settled]"
    assert request.url.endswith("/js/2026-05-02/3")


def changed(html, old, new):
    assert old in html
    return html.replace(old, new, 1)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda html: changed(html, "2nd \\ 1st", "1st \\ 2nd"), "0 columns '2nd"),
        (lambda html: changed(html, '<th scope="row">2<', '<th scope="row">1<'), "the interests running are"),
        (lambda html: re.sub(r'<tr><th scope="row">3<.*?</tr>', "", html), "the interests running are"),
        (lambda html: re.sub(r'(<th scope="row">3</th><td>)[\d.]+', r"\1", html), "'' in row 3, column 1"),
        (lambda html: re.sub(r'(<th scope="row">1</th><td>)', r"\g<1>8.00", html), "'8.00' in row 1, column 1"),
        (lambda html: re.sub(r'(<th scope="row">3</th><td>)[\d.]+', r"\g<1>5-2", html), "row 3, column 1: '5-2'"),
        (lambda html: changed(html, 'class="base">$2<', 'class="base">two<'), "'two'"),
        (lambda html: changed(html, 'class="scratched">none<', 'class="scratched">4<'), "the interests running are"),
        (lambda html: changed(html, 'class="matrix"', 'class="grid"'), "0 elements 'table.matrix'"),
    ],
)
def test_a_matrix_that_is_wrong_costs_the_pairs_and_says_so(spoil, named):
    day = Day("race_day")
    found, error = day.read(2, spoil(day.html(2)))
    assert [type(item) for item in found] == [RaceItem, OddsItem]
    assert (found[1].flags, found[1].grids) == (frozenset({"no_pairs"}), ())
    assert isinstance(error, ParseError)
    assert named in str(error)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda _: "", EmptyResponse),
        (lambda _: pages.shell("Synthetic Downs"), ParseError),
        (lambda html: changed(html, "<main", '<p class="failed">HTTP 500</p><main'), EmptyResponse),
        (lambda html: changed(html, "<main", "<input type=password><main"), Blocked),
        (lambda html: changed(html, ">DMO<", ">OTH<"), ParseError),
        (lambda html: changed(html, 'race-number">2<', 'race-number">3<'), ParseError),
        (lambda html: changed(html, 'datetime="2026-05-02"', 'datetime="2026-05-01"'), ParseError),
        (lambda html: html[: len(html) * 2 // 5], ParseError),
    ],
    ids=["no body", "empty shell", "failed", "login", "other track", "other race", "other day", "cut"],
)
def test_a_page_that_is_not_what_was_asked_for_stores_nothing(spoil, error):
    day = Day("race_day")
    text = spoil(day.html(2))
    (request,) = [one for one in day.requests() if one.url.endswith("/2")]
    with pytest.raises(error):
        list(request.callback(day.response(request, text), **request.cb_kwargs))


def test_a_day_without_racing_and_a_race_that_is_not_on_the_card():
    day = Day("race_day", race="2,9")
    (card,) = day.crawl.card_requests()
    with pytest.raises(NoCard, match="no race 9"):
        list(day.crawl.read_card(day.response(card, day.html())))
    none = re.sub(r"<table.*</table>", '<p class="no-racing">No racing on this date.</p>', day.html())
    with pytest.raises(NoCard, match="No racing"):
        list(day.crawl.read_card(day.response(card, none)))


def test_before_there_is_money_no_matrix_is_asked_for():
    day = Day("race_day")
    html = re.sub(r'<table class="matrix">.*?</table>', "", day.html(2))
    html = re.sub(r"<tr><td>Exacta</td><td>[^<]*</td></tr>", "", html)
    (_, board), error = day.read(2, html)
    assert (board.grids, board.flags, error) == ((), frozenset(), None)


def test_the_parse_functions_stand_alone_as_in_a_shell():
    day = Day("race_day")
    (request,) = [one for one in day.requests() if one.url.endswith("/2")]
    response = day.response(request, day.html(2))
    race = day.truth(2)[0]
    assert parse_odds(response, day.crawl.visit(response), race).prices == day.truth(2)[-1].prices
    assert parse_matrix(response, day.crawl.visit(response), race) == day.truth(2)[-1].grids[0]
