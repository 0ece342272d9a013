"""Answers that the services really sent, through a real crawl into the database. Skipped where they are not at hand."""

import html
import json
from contextlib import closing, contextmanager

import pytest
from crawling import ROOT
from fastapi.testclient import TestClient
from raw_server import answer, serving

from horses_scrapy.clock import Clock
from horses_scrapy.storage.coded import MARKET, PRICE_STATUS
from horses_scrapy.web.app import create_app

SAMPLES = ROOT.parent / "shared/samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")
AWAPUNI = "/affiliates/v1/racing/events/0f57e087-00d9-4c61-9549-835abe2ae2ed"
AWAPUNI_R1 = ("track_awapuni", "date=2025-07-17", "race=1")
TOTE, FIXED = (MARKET.words.index(market) for market in ("win_tote", "win_fixed"))
TABLES = ("track", "race", "horse", "entry", "betting_interest", "price_change", "pool", "pool_change", "pair_grid", "change", "result", "payoff", "alert", "rejected_item")  # fmt: skip


@pytest.fixture
def awapuni(installed):
    event = (SAMPLES / "tab_nz/event_awapuni_r1.json").read_bytes()
    card = (SAMPLES / "tab_nz/meetings.json").read_bytes()
    routes = {"/affiliates/v1/racing/meetings": [answer(200, card)], AWAPUNI: [answer(200, event)]}
    with serving(routes) as server:
        yield installed(server.url)


def test_awapuni_is_stored_as_it_was_sent(awapuni):
    assert awapuni.crawl(*AWAPUNI_R1).returncode == 0
    race = awapuni.rows("SELECT * FROM race WHERE race_number = 1")[0]
    assert (race.race_date, race.post_time, race.status) == ("2025-07-17", 1_752_713_400_000, "official")
    prices = awapuni.rows(
        "SELECT label, market, price, name FROM latest_odds JOIN betting_interest USING (interest_id) JOIN source USING (source_id)"
    )
    assert {(row.label, row.market, row.name): row.price for row in prices}[("2", TOTE, "tab_nz")] == 6600
    assert {row.label for row in prices if row.market == FIXED} == {str(number) for number in range(1, 9)}
    assert {(row.market, row.price) for row in prices if row.label == "2"} >= {(TOTE, 6600), (FIXED, 7500)}
    pools = awapuni.rows(
        "SELECT bet_type, json_extract(amounts, '$[' || position || ']'), currency FROM pool, pool_change WHERE interest_id IS NULL"
    )
    assert ("win", 915_138, "NZD") in {tuple(row) for row in pools}


def test_awapunis_quinella_cell_is_the_declared_dividend(awapuni):
    awapuni.crawl(*AWAPUNI_R1)
    cell = awapuni.rows(
        """SELECT c.value, base FROM pair_grid, json_each(payouts) c, json_each(interests) f, json_each(interests) s
           JOIN betting_interest a ON a.interest_id = f.value JOIN betting_interest b ON b.interest_id = s.value
           WHERE a.label = '2' AND b.label = '4' AND bet_type = 'quinella' AND c.key = f.key * json_array_length(interests) + s.key"""
    )
    paid = awapuni.rows("SELECT payout, base FROM payoff WHERE bet_type = 'quinella' AND combination = '2-4'")
    assert [tuple(row) for row in cell] == [tuple(row) for row in paid] == [(1370, 100)]


def test_a_second_crawl_of_the_same_bytes_adds_its_heartbeat_only(awapuni):
    awapuni.crawl(*AWAPUNI_R1)
    before = {table: awapuni.rows(f"SELECT * FROM {table}") for table in TABLES}
    boards = awapuni.count("board")
    assert awapuni.crawl(*AWAPUNI_R1).returncode == 0
    assert {table: awapuni.rows(f"SELECT * FROM {table}") for table in TABLES} == before
    assert (boards, awapuni.count("board"), awapuni.count("crawl_run")) == (1, 2, 2)


def test_vincennes_is_stored_as_it_was_sent(installed):
    body = (SAMPLES / "pmu/31122023_R1_C6_participants.json").read_bytes()
    base = "/rest/client/61/programme/31122023"
    with serving({base: [answer(200, _programme())], f"{base}/R1/C6/participants": [answer(200, body)]}) as server:
        vincennes = installed(server.url)
        done = vincennes.crawl("track_vincennes", "date=2023-12-31", "race=6")
        assert done.returncode == 0, done.stderr
    runners = json.loads(body)["participants"]
    entries = {row.program_number: row for row in vincennes.rows("SELECT * FROM entry")}
    assert len(entries) == 18
    assert {number for number, row in entries.items() if row.status != "active"} == {"7"}
    prices = {
        row.label: row for row in vincennes.rows("SELECT * FROM latest_odds JOIN betting_interest USING (interest_id)")
    }
    assert (prices["7"].price, PRICE_STATUS.words[prices["7"].status]) == (None, "scratched")
    for runner in runners:
        if runner["statut"] == "PARTANT":
            direct = runner["dernierRapportDirect"]
            assert prices[str(runner["numPmu"])].price == round(direct["rapport"] * 1000)
            assert vincennes.rows("SELECT source_time FROM board")[0].source_time == direct["dateRapport"]


def _programme() -> bytes:
    """The programme around the recorded participants is ours, in the service's format: none was recorded for that day."""
    course = {
        "numOrdre": 6,
        "numReunion": 1,
        "heureDepart": 1_704_032_220_000,
        "timezoneOffset": 3_600_000,
        "statut": "FIN_COURSE",
        "libelle": "PRIX",
        "nombreDeclaresPartants": 17,
        "paris": [],
        "discipline": "ATTELE",
    }
    reunion = {
        "numOfficiel": 1,
        "dateReunion": 1_703_977_200_000,
        "timezoneOffset": 3_600_000,
        "hippodrome": {"code": "VIN", "libelleCourt": "VINCENNES"},
        "courses": [course],
    }
    return json.dumps({"programme": {"date": 1_703_977_200_000, "reunions": [reunion]}}).encode()


# --- On the board -------------------------------------------------------------------------------------------------------

PAGES = ("/", "/races/1", "/alerts", "/runs", "/status")
ANSWERS = ("races", "races/1", "races/1/odds", "races/1/exacta", "races/1/flow", "tracks", "sources", "runs", "alerts", "arbitrage", "status")  # fmt: skip


@contextmanager
def board_of(home):
    with (
        closing(home.store()) as store,
        TestClient(create_app(home.settings(), Clock(), store), base_url="http://127.0.0.1:5000") as client,
    ):
        yield client


def test_the_board_shows_what_awapuni_sent(awapuni):
    awapuni.crawl(*AWAPUNI_R1)
    with board_of(awapuni) as client:
        assert {path: client.get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)
        answers = {path: client.get(f"/api/v1/{path}") for path in ANSWERS}
        assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(ANSWERS, 200)
    card = answers["races/1"].json()
    runner = next(one for one in card["runners"] if one["program_number"] == "2")
    assert (card["status"], card["race_date"], card["market"], card["source"]) == (
        "official",
        "2025-07-17",
        "win_tote",
        "tab_nz",
    )
    assert (runner["odds"]["decimal"], runner["others"]["win_fixed"]["decimal"]) == (6.6, 7.5)
    assert {pool["bet_type"]: (pool["total"], pool["currency"]) for pool in card["pools"]}["win"] == (9151.38, "NZD")
    paid = {(one["bet_type"], one["combination"]): (one["payout"], one["base"]) for one in card["result"]["payoffs"]}
    assert paid["quinella", "2-4"] == (13.7, 1.0)


def test_the_board_shows_what_vincennes_sent(installed):
    body = (SAMPLES / "pmu/31122023_R1_C6_participants.json").read_bytes()
    base = "/rest/client/61/programme/31122023"
    with serving({base: [answer(200, _programme())], f"{base}/R1/C6/participants": [answer(200, body)]}) as server:
        vincennes = installed(server.url)
        vincennes.crawl("track_vincennes", "date=2023-12-31", "race=6")
    with board_of(vincennes) as client:
        card = client.get("/api/v1/races/1").json()
        page = html.unescape(client.get("/races/1").text)
    shown = {
        one["program_number"]: one["odds"]["decimal"] for one in card["runners"] if one["odds"]["decimal"] is not None
    }
    sent = {
        str(one["numPmu"]): one["dernierRapportDirect"]["rapport"]
        for one in json.loads(body)["participants"]
        if one["statut"] == "PARTANT"
    }
    assert shown == sent
    assert [one["status"] for one in card["runners"] if one["program_number"] == "7"] == ["scratched"]
    assert all(one["nom"] in page for one in json.loads(body)["participants"])
