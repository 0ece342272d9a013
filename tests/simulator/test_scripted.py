"""The JavaScript board: shells without a board, and documents that say what the pages for people say."""

import datetime as dt
import json

import pytest

from horses_scrapy.simulator.pages import Pages, Twist
from horses_scrapy.simulator.scripted import resource

DATE = "2026-05-02"


def document(ledger, path, at, **twist):
    return json.loads(resource(Pages(ledger, at, Twist(**twist)), path).body)


@pytest.fixture
def at(ledger):
    return ledger.plan.start + dt.timedelta(seconds=400)


@pytest.mark.parametrize("path", [f"/js/{DATE}", f"/js/{DATE}/2", "/js/2020-01-01"])
def test_a_shell_is_empty_until_its_script_has_run(ledger, at, path):
    found = resource(Pages(ledger, at), path)
    assert found.media_type.startswith("text/html")
    assert "<main></main>" in found.body
    assert "DMO" not in found.body
    assert 'src="/js/board.js"' in found.body


def test_the_script_is_served(ledger, at):
    found = resource(Pages(ledger, at), "/js/board.js")
    assert found.media_type.startswith("text/javascript")
    assert "data-settled" in found.body


@pytest.mark.parametrize(
    "path", ["/js/2026-13-01", f"/js/{DATE}/", f"/api/{DATE}/4", "/api/2026-05-03/1", "/api/", "/js/board.css", "/"]
)
def test_what_the_board_does_not_have(ledger, at, path):
    assert resource(Pages(ledger, at), path) is None


def test_the_card_names_every_race_and_another_day_has_none(ledger, at):
    card = document(ledger, f"/api/{DATE}", at)
    assert (card["meeting"]["code"], card["meeting"]["date"]["at"]) == ("DMO", DATE)
    assert [race["number"] for race in card["races"]] == [1, 2, 3]
    assert all(race["post"]["at"].endswith("-04:00") for race in card["races"])
    assert document(ledger, "/api/2026-05-03", at)["races"] == []


def test_a_race_document_knows_its_board_and_a_column_of_its_matrix_is_the_winners(ledger, at):
    found = resource(Pages(ledger, at), f"/api/{DATE}/2")
    board = ledger.board_at(2, at)
    assert (found.race, found.board) == (2, board.number)
    exacta = json.loads(found.body)["exacta"]
    assert exacta["columns"] == list(board.labels)
    for second, cells in exacta["rows"]:
        for first, cell in zip(exacta["columns"], cells, strict=True):
            pays = None if first == second else board.probable((first, second))
            assert cell == ("" if first == second else "-" if pays is None else f"{pays / 100:.2f}")


def test_a_race_before_its_opening_and_after_its_end(ledger):
    before = document(ledger, f"/api/{DATE}/3", ledger.race(3).race.times.opens - dt.timedelta(seconds=1))
    assert (before["odds"]["as_of"], before["exacta"]["rows"], before["results"]["finishers"]) == (None, [], [])
    after = document(ledger, f"/api/{DATE}/1", ledger.ends)
    assert len(after["results"]["payoffs"]) > 3
    assert after["race"]["mtp"] == "OFF"


def test_the_board_lies_on_demand(ledger, at):
    assert document(ledger, f"/api/{DATE}/2", at, wrong_meeting=True)["meeting"]["code"] == "OTH"
    straight, swapped = (document(ledger, f"/api/{DATE}/2", at, swapped_columns=lie) for lie in (False, True))
    assert straight["odds"]["columns"] != swapped["odds"]["columns"]
    assert straight["odds"]["rows"] == swapped["odds"]["rows"]
