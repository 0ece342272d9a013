"""The checks on boards that the services really sent: what they add up to, the good ones pass, the bad ones do not."""

import bz2
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from decimal import Decimal

import pytest
from crawling import ROOT
from shown_boards import BOARD, board, follow, grid, terms

from horses_scrapy.checks import Context, findings
from horses_scrapy.config.tracks import parse_tracks
from horses_scrapy.config.yaml_file import read
from horses_scrapy.odds import parse_board

SAMPLES = ROOT.parent / "shared/samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")


def recorded(name):
    return (SAMPLES / name).read_text("utf-8")


def thousandths(text) -> int:
    return int(Decimal(str(text).replace(",", "")) * 1000)


def total(prices) -> float:
    return round(sum(1000 / price for price in prices.values() if isinstance(price, int)), 3)


def names(item, **context) -> set[str]:
    return {finding.name for finding in findings(item, Context(**context))}


def tab_nz():
    race = json.loads(recorded("tab_nz/event_awapuni_r1.json"))["data"]
    win = {str(runner["runner_number"]): thousandths(runner["odds"]["pool_win"]) for runner in race["runners"]}
    quinella = next(pool for pool in race["tote_pools"] if pool["product_type"] == "Quinella")
    cells = {}
    for row in quinella["qla_odds"]:
        for second, shown in enumerate(row["oddsString"].split("|"), start=1):
            if int(row["sel"]) < second:
                cells[str(row["sel"]), str(second)] = int(Decimal(shown) * 100)
    pools = {("win", None): 915_138}
    return board(win, pools=pools, currency="NZD", grids=(grid(cells, kind="quinella", base=100, currency="NZD"),))


def pmu():
    runners = json.loads(recorded("pmu/31122023_R1_C6_participants.json"))["participants"]
    shown = {
        str(runner["numPmu"]): thousandths(runner["dernierRapportDirect"]["rapport"])
        if runner["statut"] == "PARTANT"
        else "SCR"
        for runner in runners
    }
    return board(shown)


def hkjc(race):
    block = json.loads(recorded("hkjc/winplaodds_ST_10races.json"))["OUT"].split("@@@")[race]
    cells = [cell.split("=") for cell in block.split("#")[0].removeprefix("WIN;").split(";")]
    return board({number: "SCR" if odds == "SCR" else thousandths(odds) for number, odds, _ in cells})


def netkeiba(name):
    odds = json.loads(recorded(f"netkeiba/{name}"))["data"]["odds"]["1"]
    return board({str(int(number)): thousandths(shown[0]) for number, shown in odds.items()})


def rikstoto():
    rows = json.loads(recorded("nordic/rikstoto_win_odds.json"))["result"]
    return board({str(row["startNumber"]): thousandths(row["odds"]) for row in rows})


def atg(race):
    starts = json.loads(recorded("nordic/atg_game_V75_2024-09-21_15_5.json"))["races"][race]["starts"]
    return board(
        {
            str(start["number"]): "SCR" if start.get("scratched") else start["pools"]["vinnare"]["odds"] * 10
            for start in starts
        }
    )


def tatts():
    page = ET.fromstring(recorded("tatts/raceday1.xml"))
    runners = list(page.iter("Runner"))
    shown = {
        runner.get("RunnerNo"): "SCR"
        if runner.get("Scratched") == "Y"
        else thousandths(runner.find("WinOdds").get("Odds"))
        for runner in runners
    }
    cells = {
        (cell.get("RunnerNo1"), cell.get("RunnerNo2")): int(Decimal(cell.get("Odds")) * 100)
        for cell in page.iter("Odds")
        if 0 < float(cell.get("Odds")) < 1638
    }
    return board(shown, pools={("win", None): 16_300}, currency="AUD", grids=(grid(cells, kind="quinella", base=100),))


def tvg():
    """Odds text, money and matrix of one race; the matrix is printed with the first horse in the columns."""
    lines = _texts("tvg/summ.txt")
    win = {match[1]: parse_board(match[2]) for match in re.finditer(r" ([1-9]) (\d+(?:/\d+)?) M/L", lines)}
    shown = {label: quote.price for label, quote in win.items()} | {"3": "SCR"}
    money = re.findall(r" ([1-9]) [A-Z][A-Za-z ]+ \$([\d,]+) \$", _texts("tvg/pools.txt"))
    pools = {("win", None): 289_700} | {("win", label): int(on.replace(",", "")) * 100 for label, on in money}
    figures = _texts("tvg/probables.txt").split()
    rows = [figures[start : start + 9] for start in range(9, 90, 9)]
    cells = {
        (str(column), str(row)): int(paid) * 100
        for row, line in enumerate(rows, start=1)
        for column, paid in enumerate(line, start=1)
        if paid != "-"
    }
    return board(shown, source=BOARD, pools=pools, grids=(grid(cells, base=100),))


def _texts(name) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", recorded(name)))


ADD_UP = {
    "tab_nz": (tab_nz, 1.195),
    "pmu": (pmu, 1.202),
    "hkjc 7, the least": (lambda: hkjc(7), 1.213),
    "hkjc 8, with a scratch, the most": (lambda: hkjc(8), 1.235),
    "netkeiba, final": (lambda: netkeiba("odds_202603020211.json"), 1.257),
    "netkeiba, selling": (lambda: netkeiba("odds_middle_202603020611.json"), 1.255),
    "netkeiba, longshots": (lambda: netkeiba("odds_win.json"), 1.261),
    "rikstoto": (rikstoto, 1.251),
    "atg": (lambda: atg(0), 1.180),
    "tatts": (tatts, 1.195),
    "tvg": (tvg, 1.301),
}


@pytest.mark.parametrize("name", ADD_UP)
def test_a_good_board_passes_every_check(name):
    make, add_up = ADD_UP[name]
    item = make()
    assert total({price.label: price.price for price in item.prices if price.price is not None}) == pytest.approx(
        add_up, abs=6e-4
    )
    assert names(item) == set()


SHIPPED = {
    "tab_nz": "awapuni",
    "pmu": "vincennes",
    "hkjc 7, the least": "sha_tin",
    "hkjc 8, with a scratch, the most": "sha_tin",
    "netkeiba, final": "tokyo",
    "netkeiba, selling": "tokyo",
    "netkeiba, longshots": "tokyo",
    "rikstoto": "bjerke",
    "atg": "solvalla",
    "tvg": "gulfstream_park",
}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_good_board_passes_with_the_terms_that_are_shipped(name):
    track = parse_tracks(read(ROOT / "config/tracks.yaml"))[1][SHIPPED[name]]
    newest = {bet: max(listed, key=lambda one: one.since) for bet, listed in track.pools.items()}
    assert names(ADD_UP[name][0](), terms={"win": newest["win"]}) == set()


@pytest.mark.parametrize("race", range(1, 11))
def test_every_race_of_a_hong_kong_card_passes_with_its_takeout(race):
    assert names(hkjc(race), terms={"win": terms(0.175, 0.1, 1.0)}) == set()


@pytest.mark.parametrize("race", range(7))
def test_every_race_of_a_swedish_game_passes_with_its_takeout(race):
    assert names(atg(race), terms={"win": terms(0.15, 0.01, 1.0)}) == set()


def test_the_prices_at_tvg_fit_the_money_on_each_runner():
    assert {("win", "9"): 149_100, ("win", "6"): 3700}.items() <= {
        (pool.bet_type, pool.label): pool.amount for pool in tvg().pools
    }.items()
    assert len(tvg().prices) == 9
    assert names(tvg(), terms={"win": terms(0.185)}) == set()
    assert names(tvg(), terms={"win": terms(0.30)}) == {"overround", "display_vs_pool"}


def test_a_matrix_of_tvg_read_by_rows_is_turned():
    item = tvg()
    assert len(item.grids[0].prices) == 56
    turned = {(cell.second, cell.first): cell.payout for cell in item.grids[0].prices}
    assert names(replace(item, grids=(grid(turned, base=100),))) == {"orientation"}


@pytest.mark.parametrize(
    ("name", "kind", "pairs", "takeout"), [("fct1", "exacta", 56, 0.195), ("qin1", "quinella", 55, 0.175)]
)
def test_full_matrices_of_hong_kong_add_up(name, kind, pairs, takeout):
    cells = re.findall(r"(\d+)-(\d+)=([\d.]+)=", json.loads(recorded(f"hkjc/{name}.txt"))["OUT"])
    matrix = {(first, second): int(Decimal(odds) * 1000) for first, second, odds in cells if Decimal(odds)}
    assert len(matrix) == pairs
    labels = sorted({label for pair in matrix for label in pair})
    item = board(dict.fromkeys(labels), grids=(grid(matrix, kind=kind, base=1000, currency="HKD"),), currency="HKD")
    assert names(item, terms={kind: terms(takeout)}) == set()
    assert names(item, terms={kind: terms(0.35)}) == {"exacta_sum"}


def test_a_pool_of_13_dollars_is_no_market():
    race = json.loads(recorded("tab_au/race_2018-01-21_R_TRS_1_excerpt.json"))
    shown = {}
    for runner in race["runners"]:
        out = runner["parimutuel"]["bettingStatus"] == "Scratched"
        odds = runner["parimutuel"]["returnWin"]
        shown[str(runner["runnerNumber"])] = "SCR" if out else thousandths(odds) if odds else None
    item = board(shown, pools={("win", None): 1300}, currency="AUD")
    assert names(item) == names(item, terms={"win": terms(0.145, 0.1, 1.04)}) == {"overround"}


# --- NYRA Bets: the exacta of the 2026 Derby --------------------------------------------------------------------------


def derby(stamp):
    seen = json.loads(recorded(f"nyra/derby_pool_payouts_{stamp}.json"))
    cells = {tuple(pair.split("-")): round(paid * 100) for pair, paid in seen["exacta_payouts_dollar1"].items() if paid}
    pools = {
        ("win", None): seen["pool_totals"]["WN"]["gross"] * 100,
        ("exacta", None): seen["pool_totals"]["EX"]["gross"] * 100,
    }
    shown = {str(number): None for number in seen["field"]}
    return board(shown, source=BOARD, pools=pools, grids=(grid(cells, base=100),))


DERBY = ("20260501T0355Z_9dd32e9", "20260501T1950Z_28eeead", "20260501T2236Z_d580e53", "20260502T1736Z_bbf2903")


def test_the_frozen_exactas_of_the_derby_are_found_out():
    found = [{finding.name for finding in findings(item, context)} for item, context in follow(map(derby, DERBY))]
    assert found == [set(), {"frozen"}, {"frozen"}, {"frozen", "exacta_sum"}]
    known = [names(derby(stamp), terms={"exacta": terms(0.22)}) for stamp in DERBY]
    assert known == [{"exacta_sum"}] * 4


def test_a_refund_that_no_scratch_explains_is_told_and_cancelled_tickets_are_not():
    def pool(dollars):
        return board({"1": None}, pools={("win", None): dollars * 100})

    def named(*totals):
        return [sorted(f.name for f in findings(*both) if f.name == "pool_fell") for both in follow(map(pool, totals))]

    assert named(1_782_644, 1_725_778) == [[], ["pool_fell"]]
    assert named(3_495_109, 3_493_608) == [[], []]


# --- Betfair: best prices and last trades of a Randwick market, before the off ------------------------------------------


def randwick():
    backs, lays, last = {}, {}, {}
    active = []
    with bz2.open(SAMPLES / "betfair/1.127236622.bz2", "rt") as stream:
        for number, line in enumerate(stream):
            for change in json.loads(line).get("mc", ()):
                definition = change.get("marketDefinition")
                if definition is not None:
                    active = [runner["id"] for runner in definition["runners"] if runner["status"] == "ACTIVE"]
                    if definition["inPlay"] or definition["status"] != "OPEN":
                        active = []
                for moved in change.get("rc", ()):
                    _apply(backs.setdefault(moved["id"], {}), moved.get("atb", ()))
                    _apply(lays.setdefault(moved["id"], {}), moved.get("atl", ()))
                    last[moved["id"]] = moved.get("ltp", last.get(moved["id"]))
            if (
                number % 50 == 0
                and active
                and all(backs.get(one) and lays.get(one) and last.get(one) for one in active)
            ):
                yield {
                    "win_back": {str(one): thousandths(max(backs[one])) for one in active},
                    "win_lay": {str(one): thousandths(min(lays[one])) for one in active},
                    "win_last": {str(one): thousandths(last[one]) for one in active},
                }


def _apply(levels, moved):
    for price, size in moved:
        if size:
            levels[price] = size
        else:
            levels.pop(price, None)


def test_an_exchange_adds_up_to_about_1():
    looks = list(randwick())
    assert len(looks) > 250
    flagged = {
        market: sum("overround" in names(board(look[market], market=market)) for look in looks)
        for market in ("win_back", "win_lay", "win_last")
    }
    assert all(count <= len(looks) // 100 for count in flagged.values()), flagged
    look = looks[-1]
    assert total(look["win_lay"]) < 1 < total(look["win_back"])
    assert names(
        board({**look["win_back"], min(look["win_back"], key=look["win_back"].get): 40_000}, market="win_back")
    ) == {"overround"}
