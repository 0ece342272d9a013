"""NYRA Bets' recorded figures. Skipped where they are not at hand.

What was recorded is what a scraper wrote of the answers, not the answers: numbers untouched, keys its own. `answer_of` puts
them back under the keys that the scraper's published code reads. It kept nothing of the win pool's selections for the
Kentucky Derby but the field, so they stand here without a pay-out; for the Belmont it kept the money on each of them.
"""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crawling import ROOT, crawl
from documents import response
from offline import SHIPPED
from raw_server import answer, serving

from horses_scrapy.items import OddsItem, RaceItem
from horses_scrapy.sources.nyra import listed_race, parse_board
from horses_scrapy.sources.nyra_days import Listed
from horses_scrapy.track_spider import Visit

SAMPLES = ROOT.parent / "shared/samples/nyra"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"recorded answers are not beside the project: {SAMPLES}")

FIRST, SECOND, THIRD, LAST = (
    "20260501T0355Z_9dd32e9", "20260501T1950Z_28eeead", "20260501T2236Z_d580e53", "20260502T1736Z_bbf2903",
)  # fmt: skip
POST = datetime(2026, 5, 2, 22, 57, tzinfo=UTC)
CODES = ("WN", "PL", "SH", "EX")
DAYS = """CD:
  2026-05-02:
    12:
      race_id: 102081587
      post_time: 2026-05-02T18:57:00-04:00
      pools: {WN: 1, PL: 2, SH: 3, EX: 4}
"""


def recorded(name: str) -> dict[str, Any]:
    text = (SAMPLES / f"derby_pool_payouts_{name}.json").read_text("utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


def answer_of(told: dict[str, Any]) -> dict[str, Any]:
    """The answer that the scraper had, by the keys that it read; the multi-race pool is left out, as we do not ask for it."""
    selections = {code: [] for code in told["pool_totals"]}
    selections["WN"] = [
        {"selection": str(number), **_on(told.get("win_pool_gross", {}), str(number))} for number in told["field"]
    ]
    selections["EX"] = [
        {"selection": pair.replace("-", ","), "lowProbablePayout": {"amount": payout}}
        for pair, payout in told["exacta_payouts_dollar1"].items()
    ]
    return {
        "pools": [
            {
                "poolTypeCode": code,
                "poolTypeName": pool["type"],
                "poolStatus": pool["status"],
                "currentTotalPoolGross": {"amount": pool["gross"]},
                "currentTotalPoolNet": {"amount": pool["net"]},
                "probables": selections[code],
            }
            for code, pool in told["pool_totals"].items()
        ]
    }


def _on(amounts: dict[str, int], number: str) -> dict[str, Any]:
    return {"totalPoolGross": {"amount": amounts[number]}} if number in amounts else {}


def board_of(told: dict[str, Any], at: datetime, names: dict[str, str] | None = None) -> OddsItem:
    track = SHIPPED.tracks["churchill_downs"]
    pools = dict(zip(CODES, range(1, 5), strict=True))
    listed = Listed.model_validate(
        {"race_id": told["race_id"], "post_time": POST, "pools": pools, "runners": names or {}}
    )
    visit = Visit(track, date(2026, 5, 2), at)
    race, board = parse_board(response(answer_of(told)), visit, listed_race(visit, 12, listed), listed)
    assert isinstance(race, RaceItem)
    assert isinstance(board, OddsItem)
    return board


def derby(name: str) -> OddsItem:
    told = recorded(name)
    return board_of(told, datetime.fromisoformat(told["updated_at"]))


def totals(board: OddsItem) -> dict[str, int]:
    return {pool.bet_type: pool.amount for pool in board.pools if pool.label is None}


def exactas(board: OddsItem) -> dict[tuple[str, str], int]:
    return {(pair.first, pair.second): pair.payout for pair in board.grids[0].prices}


@pytest.mark.parametrize(
    ("name", "runners", "pairs", "shares", "exacta_pool"),
    [
        (FIRST, 20, 380, 1.1512, 31_508_700),
        (SECOND, 20, 380, 1.1512, 70_628_800),
        (THIRD, 20, 380, 1.1087, 171_990_500),
        (LAST, 19, 342, 0.9101, 221_413_400),
    ],
)
def test_every_ordered_pair_of_the_derby_has_its_pay_out(
    name: str, runners: int, pairs: int, shares: float, exacta_pool: int
) -> None:
    """Of n runners there are n(n-1) pairs. Shares of a sound matrix add up to gross/net, 1.31 of the last: these were frozen."""
    board = derby(name)
    found = exactas(board)
    assert (len(board.prices), len(found), runners * (runners - 1)) == (runners, pairs, pairs)
    assert board.grids[0].base == 100
    assert round(sum(100 / payout for payout in found.values()), 4) == shares
    assert totals(board)["exacta"] == exacta_pool
    assert (board.status, board.flags) == ("open", frozenset())


def test_the_derbys_probables_were_frozen_while_the_pool_grew_sevenfold() -> None:
    boards = [derby(name) for name in (FIRST, SECOND, THIRD, LAST)]
    assert [exactas(board)["1", "6"] for board in boards] == [3_103] * 4
    common = set.intersection(*(set(exactas(board).items()) for board in boards))
    assert len(common) == 18 * 17  # all pairs of those who were in the field all the time
    assert totals(boards[-1])["exacta"] / totals(boards[0])["exacta"] == pytest.approx(7.03, abs=0.01)


def test_the_derbys_totals_in_cents() -> None:
    assert totals(derby(LAST)) == {"win": 464_182_700, "place": 113_805_500, "show": 105_171_400, "exacta": 221_413_400}


def test_number_9_is_gone_from_one_file_to_the_next() -> None:
    before, after = derby(THIRD), derby(LAST)
    gone = {price.label for price in before.prices} - {price.label for price in after.prices}
    assert gone == {"9"}
    assert {"9" in pair for pair in exactas(after)} == {False}
    assert set(exactas(before)) - set(exactas(after)) == {pair for pair in exactas(before) if "9" in pair}


def test_a_total_that_fell_is_read_as_it_is() -> None:
    """15:34Z and 19:50Z of 1 May by the field guide; the file of the first is not among the recorded ones."""
    told = recorded(SECOND)
    later = derby(SECOND)
    told["pool_totals"]["WN"] |= {"gross": 1_782_644, "net": 1_400_000}
    earlier = board_of(told, datetime(2026, 5, 1, 15, 34, tzinfo=UTC))
    assert (totals(earlier)["win"], totals(later)["win"]) == (178_264_400, 172_577_800)


def test_the_status_was_1_all_along_so_the_post_time_closes_the_race() -> None:
    told = recorded(LAST)
    assert {pool["status"] for pool in told["pool_totals"].values()} == {1}
    assert board_of(told, datetime(2026, 5, 2, 22, 56, 59, tzinfo=UTC)).status == "open"
    assert board_of(told, datetime(2026, 5, 3, 22, 9, tzinfo=UTC)).status == "closed"


def test_names_of_the_recorded_field_fit_its_numbers() -> None:
    field = json.loads((SAMPLES / "derby-data.json").read_bytes())["field"]
    names = {str(runner["post"]): runner["name"] for runner in field}
    assert (names["1"], names["6"]) == ("Renegade", "Commandment")
    board = board_of(recorded(LAST), datetime(2026, 5, 2, 17, 36, tzinfo=UTC), names)
    assert {price.label for price in board.prices} <= set(names)


def test_the_recorded_nets_imply_the_terms_that_are_shipped() -> None:
    told = recorded(LAST)["pool_totals"]
    terms = SHIPPED.tracks["churchill_downs"].pools
    for code, bet in (("WN", "win"), ("PL", "place"), ("SH", "show"), ("EX", "exacta")):
        kept = 1 - Decimal(told[code]["net"]) / Decimal(told[code]["gross"])
        assert terms[bet][0].takeout == pytest.approx(float(kept), abs=0.001)  # type: ignore[index]


@pytest.mark.skipif(
    not (SAMPLES / "belmont_pool_payouts.json").is_file(), reason="the Belmont's file was not recorded here"
)
def test_the_belmonts_money_on_each_runner_adds_up() -> None:
    board = board_of(json.loads((SAMPLES / "belmont_pool_payouts.json").read_text("utf-8")), POST)
    found = exactas(board)
    assert (len(found), round(sum(100 / payout for payout in found.values()), 4)) == (72, 1.2273)
    amounts = {pool.label: pool.amount for pool in board.pools if pool.bet_type == "win"}
    assert (amounts[None], amounts["4"]) == (114_220_800, 40_321_900)
    assert sum(amount for label, amount in amounts.items() if label is not None) == 114_220_900


def test_a_crawl_reads_the_recorded_figures_as_a_process(tmp_path: Path) -> None:
    told = recorded(LAST)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/nyra.yaml").write_text(DAYS, "utf-8")
    body = json.dumps(answer_of(told)).encode()
    with serving({"/GetProbables.ashx": [answer(200, body)]}) as server:
        done = crawl(tmp_path, "track_churchill_downs", "date=2026-05-02", "race=12", base_url=server.url)
        assert server.paths() == ["/GetProbables.ashx"]
    assert (done.returncode, "ERROR" in done.stderr) == (0, False)
    (board,), (race,) = done.of("prices"), done.of("post_time")
    assert (race["source_key"], race["status"], board["status"]) == ("102081587", "closed", "closed")
    cells = {(cell["first"], cell["second"]): cell["payout"] for cell in board["grids"][0]["prices"]}
    assert (len(cells), cells["1", "6"], cells["2", "22"]) == (342, 3_103, 1_830_210)
