"""What the synthetic tote's pages say comes back as the ledger has it; what they do not say plainly is refused."""

import asyncio
import datetime as dt
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Response
from twisted.python.failure import Failure

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.errors import Blocked, EmptyResponse, NoCard, ParseError, UnknownOdds
from horses_scrapy.items import OddsItem, Price
from horses_scrapy.simulator import pages
from horses_scrapy.simulator.items import Witness
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.pages import Pages, Twist
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.sources.demo import parse_card, parse_entries, parse_exacta, parse_odds, parse_results
from horses_scrapy.spiders.demo import DemoTrackSpider
from horses_scrapy.track_spider import Visit

ROOT = Path(__file__).parents[2]
START = dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)
LEDGER = Ledger(Plan(seed=7, start=START))
MOMENT = START + dt.timedelta(seconds=400)
SETTINGS = config.load(ROOT / "config" / "config.yaml", environ={})
TRACK = SETTINGS.tracks["demo"]


def visit(at=MOMENT):
    return Visit(TRACK, LEDGER.plan.race_date, at)


def response(html, page="odds"):
    return HtmlResponse(f"{TRACK.base_url}/race/2026-05-02/x/{page}", body=html.encode(), encoding="utf-8")


def moments(ledger):
    """Every part of a race's life: regular looks, and both sides of every turn."""
    regular = {ledger.plan.start + dt.timedelta(seconds=250 * step) for step in range(8)}
    turns = set()
    for entry in ledger.races.values():
        times = entry.race.times
        for turn in (
            times.opens, times.scratch, times.reissued_at, times.off_turf, times.new_jockey, times.cancelled_at, times.off,
            times.unofficial, times.official,
        ):  # fmt: skip
            if turn is not None:
                turns |= {turn - dt.timedelta(seconds=1), turn, turn + dt.timedelta(seconds=ledger.plan.cycle)}
    return sorted(at for at in regular | turns if at >= ledger.plan.start)


@pytest.mark.parametrize(("seed", "some"), [(7, slice(None)), (40_961, slice(1, None, 4))])
def test_every_page_parsed_back_is_the_ledger(seed, some):
    ledger = Ledger(Plan(seed=seed, start=START))
    statuses, scratched = set(), set()
    for at in moments(ledger)[some]:
        site, witness, context = Pages(ledger, at), Witness(ledger, TRACK, at), visit(at)
        card = list(parse_card(response(site.card(ledger.plan.race_date).html), context))
        assert card == [witness.race(entry, entries=False) for entry in ledger.races.values()]
        for race, entry in zip(card, ledger.races.values(), strict=True):
            told = parse_entries(response(site.entries(entry).html), context, race)
            assert told == witness.race(entry)
            board, truth = parse_odds(response(site.odds(entry).html), context, told), witness.odds(entry)
            assert board == replace(truth, grids=())
            if truth.grids:
                assert (parse_exacta(response(site.exacta(entry).html), context, told),) == truth.grids
            result = witness.result(entry)
            if result is not None:
                assert parse_results(response(site.results(entry).html), context, told) == result
            statuses.add(board.status)
            scratched |= {price.status for price in board.prices}
    assert statuses == {"scheduled", "open", "closed", "unofficial", "official"}
    assert {"active", "scratched"} <= scratched


def test_a_race_that_is_called_off_parsed_back_is_the_ledger():
    ledger = Ledger(Plan(seed=7, start=START, cancelled=2))
    entry = ledger.race(2)
    for seconds in (-1, 0, 3000):
        at = entry.race.times.cancelled_at + dt.timedelta(seconds=seconds)
        site, witness, context = Pages(ledger, at), Witness(ledger, TRACK, at), visit(at)
        told = parse_entries(response(site.entries(entry).html), context, witness.race(entry, entries=False))
        board = parse_odds(response(site.odds(entry).html), context, told)
        assert (told, board) == (witness.race(entry), replace(witness.odds(entry), grids=()))
        assert (told.status, witness.result(entry)) == ("open" if seconds < 0 else "cancelled", None)


def test_a_surface_that_is_not_known_is_refused():
    card = Pages(LEDGER, MOMENT).card(LEDGER.plan.race_date).html.replace(">Dirt<", ">Tarmac<")
    with pytest.raises(ParseError, match="race 3: surface 'Tarmac' is not one of"):
        list(parse_card(response(card), visit()))
    entries = page_of("entries").replace(">Turf<", ">Tarmac<")
    with pytest.raises(ParseError, match="surface 'Tarmac' is not one of"):
        parse_entries(response(entries), visit(), entries_of())


def test_the_board_that_a_page_shows_is_the_ledgers_at_its_source_time():
    entry = LEDGER.race(2)
    for at in moments(LEDGER)[::4]:
        site, context = Pages(LEDGER, at), visit(at)
        race = parse_entries(response(site.entries(entry).html), context, Witness(LEDGER, TRACK, at).race(entry))
        shown = parse_odds(response(site.odds(entry).html), context, race)
        board = LEDGER.board_at(2, shown.source_time)
        assert {price.label: price.price for price in shown.prices} == {
            label: board.quote(label).price for label in entry.race.labels
        }


def entries_of(number=2, at=MOMENT):
    return Witness(LEDGER, TRACK, at).race(LEDGER.race(number))


def page_of(name, number=2, at=MOMENT, **twist):
    return getattr(Pages(LEDGER, at, Twist(**twist)), name)(LEDGER.race(number)).html


OFFICIAL = LEDGER.ends + dt.timedelta(seconds=1)
READERS = {
    "entries": (parse_entries, MOMENT),
    "odds": (parse_odds, MOMENT),
    "exacta": (parse_exacta, MOMENT),
    "results": (parse_results, OFFICIAL),
}
EVERY_READER = pytest.mark.parametrize("name", list(READERS))


def read(name, html, number=2, race=None):
    parse, at = READERS[name]
    return parse(response(html, name), visit(at), race or entries_of(number, at))


@EVERY_READER
def test_an_untouched_page_is_read(name):
    assert read(name, page_of(name, at=READERS[name][1])) is not None


@EVERY_READER
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda _: "", EmptyResponse),
        (lambda _: "  \n ", EmptyResponse),
        (lambda _: pages.login(), Blocked),
        (lambda _: "<html><p>Scheduled maintenance</p></html>", ParseError),
        (lambda _: "\x00\x01 not a page", ParseError),
        (lambda html: html[: len(html) * 2 // 3], ParseError),
        (lambda html: html.replace(">DMO<", ">OTH<"), ParseError),
        (lambda html: html.replace('datetime="2026-05-02"', 'datetime="2026-05-01"'), ParseError),
        (lambda html: html.replace('race-number">2<', 'race-number">3<'), ParseError),
        (lambda html: html.replace("<table", "<table></table><table").replace("<table>", "<table class='odds exacta entries finish'>"), ParseError),
    ],
    ids=["no body", "blank", "login", "maintenance", "binary", "cut", "other track", "other day", "other race", "twice"],
)  # fmt: skip
def test_a_page_that_is_not_what_was_asked_for(name, spoil, error):
    with pytest.raises(error):
        read(name, spoil(page_of(name, at=READERS[name][1])))


@EVERY_READER
def test_a_document_that_is_no_html(name):
    pdf = Response(f"{TRACK.base_url}/x", body=b"%PDF-1.7")
    with pytest.raises(ParseError, match="where a page of HTML is due"):
        READERS[name][0](pdf, visit(), entries_of())


@pytest.mark.parametrize("name", ["entries", "odds", "exacta"])
def test_headers_changed_over_while_the_cells_stay_are_caught(name):
    with pytest.raises((ParseError, UnknownOdds)):
        read(name, page_of(name, swapped_columns=True))


def renamed(html, one, two):
    """The page with two headers of its main table changed over."""
    first, second = f'scope="col">{one}<', f'scope="col">{two}<'
    assert first in html
    assert second in html
    return html.replace(first, "@").replace(second, first).replace("@", second)


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize(
    ("name", "one", "two"),
    [("odds", *pair) for pair in combinations(pages.ODDS, 2)]
    + [("entries", *pair) for pair in combinations(("No.", "Post", "Horse", "M/L", "Status"), 2)]
    + [("entries", "Horse", "Jockey"), ("entries", "Horse", "Trainer"), ("entries", "No.", "Trainer")],
)
def test_whichever_two_headers_are_changed_over(name, one, two, number):
    """Seen on the page itself, or at the board: its horses must be the entries'. Only jockeys and trainers could pass for
    each other, and no page can tell.
    """
    html = renamed(page_of(name, number), one, two)
    with pytest.raises((ParseError, UnknownOdds)):
        read("odds", page_of("odds", number), number, read(name, html, number))


def moved(html, table, order):
    """The page with the columns of a table in another order, cells and all."""
    start = html.index(f'<table class="{table}"')
    end = html.index("</table>", start)

    def shuffle(row):
        cells = re.findall(r"<t[hd][^>]*>.*?</t[hd]>", row[0], re.DOTALL)
        return "<tr>" + "".join(cells[index] for index in order) + "</tr>"

    return html[:start] + re.sub(r"<tr>.*?</tr>", shuffle, html[start:end], flags=re.DOTALL) + html[end:]


@pytest.mark.parametrize(("name", "order"), [("entries", [6, 2, 0, 1, 5, 4, 3]), ("odds", [5, 2, 0, 3, 4, 1])])
def test_columns_may_move(name, order):
    html = page_of(name)
    assert moved(html, name, order) != html
    assert read(name, moved(html, name, order)) == read(name, html)


def test_columns_of_an_exacta_grid_may_move():
    html = page_of("exacta")
    order = [0, *range(len(LEDGER.race(2).race.labels), 0, -1)]
    assert set(read("exacta", moved(html, "exacta", order)).prices) == set(read("exacta", html).prices)


def without_row(html, table, index):
    start = html.index("<tbody>", html.index(f'<table class="{table}"'))
    rows = list(re.finditer(r"<tr>.*?</tr>", html[start:], re.DOTALL))
    return html[: start + rows[index].start()] + html[start + rows[index].end() :]


def cell(html, table, line, column, text):
    """The page with another text in one body cell."""
    start = html.index("<tbody>", html.index(f'<table class="{table}"'))
    row = list(re.finditer(r"<tr>.*?</tr>", html[start:], re.DOTALL))[line]
    found = list(re.finditer(r"<t[hd][^>]*>(.*?)</t[hd]>", row[0], re.DOTALL))[column]
    at = start + row.start()
    return html[: at + found.start(1)] + text + html[at + found.end(1) :]


@pytest.mark.parametrize(
    ("name", "spoil", "error", "named"),
    [
        ("entries", lambda html: without_row(html, "entries", 3), ParseError, "entries under the caption"),
        ("entries", lambda html: cell(html, "entries", 2, 0, "1"), ParseError, "stands twice"),
        ("entries", lambda html: cell(html, "entries", 2, 0, "two"), ParseError, "program number"),
        ("entries", lambda html: cell(html, "entries", 2, 5, "6:1"), UnknownOdds, "number '2': board odds '6:1'"),
        ("entries", lambda html: cell(html, "entries", 2, 6, "WDN"), ParseError, "status 'WDN'"),
        ("entries", lambda html: html.replace(">M/L<", ">Line<"), ParseError, "0 columns 'M/L'"),
        ("entries", lambda html: html.replace(">Trainer<", ">Horse<"), ParseError, "2 columns 'Horse'"),
        ("odds", lambda html: without_row(html, "odds", 1), ParseError, "interests"),
        ("odds", lambda html: cell(html, "odds", 1, 0, "1"), ParseError, "interests"),
        ("odds", lambda html: cell(html, "odds", 1, 0, "77"), ParseError, "interests"),
        ("odds", lambda html: cell(html, "odds", 1, 1, "Another"), ParseError, "'Another' is 2 on the board"),
        ("entries", lambda html: cell(html, "entries", 1, 1, "rail"), ParseError, "number '1A': 'rail'"),
        ("odds", lambda html: cell(html, "odds", 1, 2, "N/A"), UnknownOdds, "interest 2: board odds 'N/A'"),
        ("odds", lambda html: cell(html, "odds", 1, 3, "1,234"), ParseError, "amount such as"),
        ("odds", lambda html: cell(html, "odds", 1, 3, ""), ParseError, "win amounts add up"),
        ("odds", lambda html: html.replace("<td>Win</td>", "<td>Quinella</td>"), ParseError, "win amounts add up"),
        ("odds", lambda html: html.replace('status">Open', 'status">Delayed'), ParseError, "status 'Delayed'"),
        ("odds", lambda html: re.sub(r"\d+ MTP", "soon", html), ParseError, "'soon'"),
        ("odds", lambda html: re.sub(r'(as-of" datetime=")[^"]+', r"\1today", html), ParseError, "no time"),
        ("odds", lambda html: re.sub(r'(as-of" datetime="[^"+-]+-..-..T..:..:..)[^"]+', r"\1", html), ParseError, "no time zone"),
        ("exacta", lambda html: without_row(html, "exacta", 2), ParseError, "rows"),
        ("exacta", lambda html: html.replace("<td>", "", 1).replace("</td>", "", 1), ParseError, "cells under"),
        ("exacta", lambda html: cell(html, "exacta", 1, 2, "8.00"), ParseError, "'8.00' for 2 with 2"),
        ("exacta", lambda html: cell(html, "exacta", 1, 3, ""), ParseError, "'' for 2 with 3"),
        ("exacta", lambda html: cell(html, "exacta", 1, 3, "30-1"), ParseError, "2 with 3: '30-1'"),
        ("exacta", lambda html: html.replace("1st \\ 2nd", "2nd \\ 1st"), ParseError, "1st"),
        ("exacta", lambda html: html.replace('base">$2', 'base">two'), ParseError, "'two'"),
        ("exacta", lambda html: html.replace('scratched">none', 'scratched">3'), ParseError, "rows"),
        ("results", lambda html: html.replace('status">Official', 'status">Open'), ParseError, "a result is due"),
        ("results", lambda html: cell(html, "finish", 0, 1, "77"), ParseError, "77"),
        ("results", lambda html: cell(html, "finish", 0, 0, "first"), ParseError, "'first'"),
        ("results", lambda html: cell(html, "payoffs", 0, 0, "Tombola"), ParseError, "tombola"),
        ("results", lambda html: cell(html, "payoffs", 0, 3, "8.40"), ParseError, "'8.40'"),
    ],
)  # fmt: skip
def test_a_page_that_is_wrong_in_one_place_is_refused_by_name(name, spoil, error, named):
    html = page_of(name, at=READERS[name][1])
    spoilt = spoil(html)
    assert spoilt != html
    with pytest.raises(error, match=re.escape(named)) as refused:
        read(name, spoilt)
    assert f"/{name}" in str(refused.value)


def test_a_grid_without_a_scratched_horse_says_so():
    at = LEDGER.race(1).race.times.scratch
    html = page_of("exacta", 1, at)
    grid = parse_exacta(response(html), visit(at), entries_of(1, at))
    out = LEDGER.race(1).race.scratched
    assert out not in {price.first for price in grid.prices} | {price.second for price in grid.prices}
    silent = html.replace(f'scratched">{out}<', 'scratched">none<')
    with pytest.raises(ParseError, match="0 columns"):
        parse_exacta(response(silent), visit(at), entries_of(1, at))


def test_the_base_bet_is_read_from_the_page():
    assert read("exacta", page_of("exacta").replace('base">$2', 'base">$1')).base == 100


def test_a_pair_without_money_is_not_quoted():
    html = cell(page_of("exacta"), "exacta", 0, 2, "-")
    grid = read("exacta", html)
    assert ("1", "2") not in {(price.first, price.second) for price in grid.prices}
    assert len(grid.prices) == len(LEDGER.race(2).race.labels) * (len(LEDGER.race(2).race.labels) - 1) - 1


def test_a_capped_price_and_a_dead_heat_are_kept():
    html = cell(page_of("odds"), "odds", 1, 2, "99")
    assert read("odds", html).prices[1] == Price(label="2", market="win_tote", price=100_000, status="capped")
    result = read("results", cell(page_of("results", at=OFFICIAL), "finish", 1, 0, "1"))
    assert [runner.position for runner in result.finishers[:3]] == [1, 1, 3]


def test_a_horse_born_abroad_keeps_its_name_and_names_its_country():
    entry = read("entries", cell(page_of("entries"), "entries", 2, 2, "O&#39;Brien &lt;b&gt; (IRE)")).entries[2]
    assert (entry.horse, entry.horse_country) == ("O'Brien <b> (IRE)", "IRE")


def test_a_card_that_was_cut_is_refused():
    html = without_row(Pages(LEDGER, MOMENT).card(LEDGER.plan.race_date).html, "card", 1)
    with pytest.raises(ParseError, match="2 races under the caption '3 races'"):
        list(parse_card(response(html, "card"), visit()))


# --- The spider's own part: what it asks for next ----------------------------------------------------------------------


class Finished:
    def __init__(self, *races):
        self.races = frozenset(races)

    def finished_races(self, _date):
        return self.races

    def post_times(self, _date):
        return {}


class StoppedClock(Clock):
    def now_ms(self):
        return round(MOMENT.timestamp() * 1000)


def spider(finished=(), **arguments):
    made = DemoTrackSpider(
        track=TRACK, source_config=SETTINGS.sources["demo"], home=ROOT, credentials={}, now=StoppedClock(), **arguments
    )
    made.run = Finished(*finished)
    return made


def first_requests(crawl):
    async def collect():
        return [request async for request in crawl.start()]

    return asyncio.run(collect())


def card_page():
    return response(Pages(LEDGER, MOMENT).card(LEDGER.plan.race_date).html, "card")


def paths(requests):
    return [request.url.removeprefix(TRACK.base_url) for request in requests if hasattr(request, "url")]


def requests_in(outcome):
    return [found for found in outcome if hasattr(found, "callback")]


@pytest.mark.parametrize(
    ("finished", "arguments", "races"),
    [((), {}, [1, 2, 3]), ((1, 3), {}, [2]), ((), {"race": "2,3"}, [2, 3]), ((2,), {"race": "2"}, [2])],
)
def test_a_run_reads_the_races_that_are_wanted(finished, arguments, races):
    crawl = spider(finished, **arguments)
    assert paths(first_requests(crawl)) == ["/card/2026-05-02"]
    asked = requests_in(crawl.read_card(card_page()))
    assert paths(asked) == [f"/race/2026-05-02/{number}/entries" for number in races]
    assert [request.priority for request in asked] == [-number for number in races]


def test_a_race_that_is_not_on_the_card_is_named_after_the_others():
    outcome = spider(race="2,9").read_card(card_page())
    assert [next(outcome) for _ in range(4)][-1].url.endswith("/2/entries")
    with pytest.raises(NoCard, match="no race 9"):
        next(outcome)


def chain(crawl, at=MOMENT, number=2):
    """What comes of the entries and the odds, after the race itself."""
    (request,) = crawl.read_entries(response(page_of("entries", number, at)), entries_of(number, at))
    assert request.url.endswith("/odds")
    race, *found = crawl.read_odds(response(page_of("odds", number, at)), **request.cb_kwargs)
    assert len(race.entries) == len(LEDGER.race(number).race.runners)
    return found


def test_a_board_waits_for_its_grid_and_goes_out_whole():
    crawl = spider()
    (request,) = chain(crawl)
    assert request.url.endswith("/exacta")
    (board,) = crawl.read_exacta(response(page_of("exacta")), **request.cb_kwargs)
    assert board == Witness(LEDGER, TRACK, MOMENT).odds(LEDGER.race(2))


SCRATCHED_RACE = next(number for number, entry in LEDGER.races.items() if entry.race.times.scratch is not None)
SCRATCH = LEDGER.race(SCRATCHED_RACE).race.times.scratch
BEFORE, AFTER = SCRATCH - dt.timedelta(seconds=1), SCRATCH + dt.timedelta(seconds=LEDGER.plan.cycle + 1)


def disagreeing(entered, shown):
    """What comes of entries as they were at one instant and a board as it was at another."""
    crawl, number = spider(), SCRATCHED_RACE
    (request,) = crawl.read_entries(response(page_of("entries", number, entered)), entries_of(number, entered))
    (again,) = crawl.read_odds(response(page_of("odds", number, shown)), **request.cb_kwargs)
    return crawl, again


@pytest.mark.parametrize(("entered", "shown"), [(BEFORE, AFTER), (AFTER, BEFORE)])
def test_a_board_that_knows_of_another_scratch_than_the_entries_has_them_read_anew_first(entered, shown):
    crawl, again = disagreeing(entered, shown)
    assert again.url.endswith("/entries")
    assert (again.meta["card"], again.meta["fresh"]) == (True, True)
    race, request = again.callback(response(page_of("entries", SCRATCHED_RACE, shown)), **again.cb_kwargs)
    assert race == replace(entries_of(SCRATCHED_RACE, shown), fetched_at=race.fetched_at)
    (board,) = crawl.read_exacta(response(page_of("exacta", SCRATCHED_RACE, shown)), **request.cb_kwargs)
    scratched = {entry.label for entry in race.entries if entry.status == "scratched"}
    assert {price.label for price in board.prices if price.status == "scratched"} == scratched


def test_pages_that_still_disagree_are_each_believed():
    _, again = disagreeing(BEFORE, AFTER)
    race, request = again.callback(response(page_of("entries", SCRATCHED_RACE, BEFORE)), **again.cb_kwargs)
    assert {entry.status for entry in race.entries} == {"active"}
    assert "scratched" in {price.status for price in request.cb_kwargs["board"].prices}


def test_without_new_entries_the_board_goes_out_alone():
    crawl, again = disagreeing(BEFORE, AFTER)
    failure = Failure(IgnoreRequest("refused"))
    failure.request = again
    (request,) = again.errback(failure)
    assert request.url.endswith("/exacta")
    outcome = again.callback(response(""), **again.cb_kwargs)
    assert next(outcome).url.endswith("/exacta")
    with pytest.raises(EmptyResponse):
        next(outcome)
    assert crawl.problems == [failure.value]


def test_before_there_is_money_no_grid_is_asked_for():
    (board,) = chain(spider(), LEDGER.race(3).race.times.opens, 3)
    assert isinstance(board, OddsItem)
    assert (board.grids, board.flags) == ((), frozenset())


def test_a_grid_that_cannot_be_had_leaves_the_board_flagged_and_the_failure_noted():
    crawl = spider()
    (request,) = chain(crawl)
    failure = Failure(IgnoreRequest("refused"))
    failure.request = request
    (board,) = request.errback(failure)
    assert (board.flags, board.grids) == (frozenset({"no_pairs"}), ())
    assert len(board.prices) == len(LEDGER.race(2).race.labels)
    assert crawl.problems == [failure.value]


@pytest.mark.parametrize(
    ("html", "error"), [("", EmptyResponse), (page_of("exacta", swapped_columns=True), ParseError)]
)
def test_a_grid_that_cannot_be_read_leaves_the_board_flagged_and_the_error_raised(html, error):
    crawl = spider()
    (request,) = chain(crawl)
    outcome = crawl.read_exacta(response(html), **request.cb_kwargs)
    assert next(outcome).flags == {"no_pairs"}
    with pytest.raises(error):
        next(outcome)


def after_the_grid(at):
    crawl = spider()
    (request,) = chain(crawl, at)
    return crawl, list(crawl.read_exacta(response(page_of("exacta", at=at)), **request.cb_kwargs))


def test_an_unofficial_board_goes_out_and_the_order_is_asked_for():
    at = LEDGER.race(2).race.times.unofficial
    crawl, (board, request) = after_the_grid(at)
    assert board.status == "unofficial"
    (result,) = crawl.read_results(response(page_of("results", at=at)), **request.cb_kwargs)
    assert (result.status, result.payoffs) == ("unofficial", ())


def test_an_official_board_comes_with_its_result():
    crawl, (request,) = after_the_grid(OFFICIAL)
    assert request.url.endswith("/results")
    result, board = crawl.read_results(response(page_of("results", at=OFFICIAL)), **request.cb_kwargs)
    assert (result.status, board.status) == ("official", "official")
    assert result.payoffs == LEDGER.race(2).payoffs


def test_without_its_result_an_official_board_does_not_end_the_race():
    crawl, (request,) = after_the_grid(OFFICIAL)
    with pytest.raises(EmptyResponse):
        next(crawl.read_results(response(""), **request.cb_kwargs))
