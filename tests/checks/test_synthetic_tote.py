"""Whole cards of the synthetic tote, every board of every race, with scratches and late money: nothing is flagged."""

import datetime as dt

import pytest
from crawling import ROOT
from shown_boards import follow

from horses_scrapy.checks import findings
from horses_scrapy.config.tracks import parse_tracks
from horses_scrapy.config.yaml_file import read
from horses_scrapy.simulator.items import Witness
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan

START = dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize("seed", [1, 7, 8, 16])
@pytest.mark.parametrize("known", [True, False])
def test_no_board_of_a_card_is_flagged(seed, known):
    track = parse_tracks(read(ROOT / "config/tracks.yaml"))[1]["demo"]
    ledger = Ledger(Plan(seed=seed, start=START, races=2))
    terms = {bet: track.terms(bet, ledger.plan.race_date) for bet in track.pools} if known else {}
    flagged = []
    for race in ledger.races.values():
        boards = [Witness(ledger, track, board.at).odds(race) for board in race.boards]
        card = Witness(ledger, track, race.boards[0].at).race(race).entries
        flagged += [
            (item.fetched_at, found) for item, around in follow(boards, card, terms) for found in findings(item, around)
        ]
    assert flagged == []
