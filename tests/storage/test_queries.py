import pytest

from horses_scrapy.errors import StoreError
from horses_scrapy.items import Source
from horses_scrapy.program_number import program_order
from horses_scrapy.storage import queries
from horses_scrapy.storage.board_view import Shown
from horses_scrapy.storage.queries import PricePoint


def test_board_view_has_everything(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card(status="open"))
        item = meeting.board(
            60,
            {"1": 3500, "2": "SCR"},
            pools={None: 900},
            exacta={("1", "10"): 1370},
            minutes_to_post=12,
            source_time=meeting.at(55),
            flags=frozenset({"from_cache"}),
        )
        board = meeting.put(connection, item)
        view = queries.board_view(connection, board.board_id)
    assert view.source == Source("demo", "board", "display")
    assert (view.race.track_key, view.race.track_code, view.race.track_name) == ("demo", "DMO", "Synthetic Downs")
    assert (view.race.timezone, view.race.race_date, view.race.url) == (
        "America/New_York",
        "2026-05-02",
        "http://127.0.0.1:1/1",
    )
    assert (view.fetched_at, view.source_time, view.minutes_to_post) == (meeting.ms(60), meeting.ms(55), 12)
    assert (view.status, view.flags, view.evaluated_at, view.is_primary) == (
        "open",
        frozenset({"from_cache"}),
        None,
        True,
    )
    assert [(one.program_number, one.label) for one in view.runners] == [
        ("1", "1"),
        ("1A", "1"),
        ("2", "2"),
        ("10", "10"),
    ]
    assert view.horses("1") == "Alpha (IRE) / Alphabet"
    assert view.prices == {("win_tote", "1"): Shown(3500, "active"), ("win_tote", "2"): Shown(None, "scratched")}


def test_no_such_board(store):
    with store.read() as connection, pytest.raises(StoreError, match="board 7"):
        queries.board_view(connection, 7)


def test_boards_by_time(store, meeting):
    with store.write() as connection:
        ids = {
            seconds: meeting.put(connection, meeting.board(seconds, {"1": 2000 + seconds})).board_id
            for seconds in (0, 60, 180, 120)
        }
        meeting.put(connection, meeting.board(170, {"1": 9000}, source=meeting.other))
        assert queries.board_ids(connection, 1, 1) == [ids[0], ids[60], ids[120], ids[180]]


def test_pending_boards(store, meeting):
    with store.write() as connection:
        second = meeting.put(connection, meeting.board(60, {"1": 2000}, race=2)).board_id
        first = meeting.put(connection, meeting.board(0, {"1": 2000})).board_id
        third = meeting.put(connection, meeting.board(90, {"1": 2000})).board_id
        assert queries.pending_board_ids(connection) == [first, second, third]
        assert queries.pending_board_ids(connection, 1) == [second]
        assert queries.pending_board_ids(connection, None, meeting.ms(90)) == [first, second]
        queries.mark_board_evaluated(connection, first, 5)
        assert queries.pending_board_ids(connection) == [second, third]
        assert queries.board_view(connection, first).evaluated_at == 5


def test_odds_history_of_an_entry(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        for seconds, prices in ((0, {"1": 3500}), (60, {"1": 3500}), (120, {"1": 4000}), (180, {})):
            meeting.put(connection, meeting.board(seconds, prices))
        coupled = queries.board_view(connection, 1).runners[1]
        assert coupled.program_number == "1A"
        points = queries.odds_history(connection, coupled.entry_id, meeting.ms(0), meeting.ms(181))
        assert points == [
            PricePoint(fetched_at=meeting.ms(0), source="demo", price=3500, status="active"),
            PricePoint(fetched_at=meeting.ms(120), source="demo", price=4000, status="active"),
            PricePoint(fetched_at=meeting.ms(180), source="demo", price=None, status="missing"),
        ]
        assert queries.odds_history(connection, coupled.entry_id, meeting.ms(1), meeting.ms(180)) == points[1:2]
        assert queries.odds_history(connection, coupled.entry_id, 0, meeting.ms(181), "win_fixed") == []


FINISHED = [
    ([("card", "open"), ("board", "open")], False),
    ([("card", "cancelled")], True),
    ([("card", "postponed")], False),
    ([("card", "official")], False),  # its final board and result are not stored yet
    ([("card", "official"), ("board", "official")], True),
    ([("card", "closed"), ("result", "unofficial")], False),
    ([("card", "closed"), ("result", "unofficial"), ("card", "official")], False),
    ([("card", "closed"), ("result", "official")], True),
    ([("card", "closed"), ("board", "unofficial"), ("result", "official")], False),  # official between the two pages
    ([("card", "closed"), ("result", "official"), ("board", "closed")], True),  # not all boards say so
]


@pytest.mark.parametrize(("items", "finished"), FINISHED)
def test_finished_races(store, meeting, items, finished):
    with store.write() as connection:
        for seconds, (kind, status) in enumerate(items):
            meeting.put(connection, getattr(meeting, kind)(seconds, status=status))
        assert queries.finished_races(connection, "demo", "2026-05-02", "demo") == ({1} if finished else set())
        assert queries.finished_races(connection, "demo", "2026-05-03", "demo") == frozenset()
        assert queries.finished_races(connection, "demo", "2026-05-02", "other") == frozenset()
        assert queries.finished_races(connection, "elsewhere", "2026-05-02", "demo") == frozenset()


def test_races_of_day(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card(race=2, post_time=meeting.at(3600)))
        meeting.put(connection, meeting.card(race=1, post_time=meeting.at(1800), status="open"))
        meeting.put(connection, meeting.card(race=3, post_time=None))
        meeting.put(connection, meeting.card(race=4, post_time=meeting.at(86_400)))
        rows = queries.races_of_day(connection, "demo", meeting.ms(0), meeting.ms(3601))
        assert [(row.race_number, row.post_time, row.status) for row in rows] == [
            (1, meeting.ms(1800), "open"),
            (2, meeting.ms(3600), "scheduled"),
        ]
        assert queries.races_of_day(connection, None, meeting.ms(0), meeting.ms(3600)) == rows[:1]
        assert queries.races_of_day(connection, "other", meeting.ms(0), meeting.ms(3601)) == []


@pytest.mark.parametrize(("numbers", "ordered"), [("10 2 1A 1 2B 1X", "1 1A 1X 2 2B 10"), ("A 99 1", "1 99 A")])
def test_program_order(numbers, ordered):
    assert sorted(numbers.split(), key=program_order) == ordered.split()
