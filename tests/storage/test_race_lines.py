"""What a list of races reads, on both kinds of database."""

import datetime as dt

import pytest

from horses_scrapy.items import Price
from horses_scrapy.storage import race_lines, race_list

MARKETS = ("win_tote", "win_fixed", "win_back")
WINDOW = 300_000


def lowest_of(connection, race_ids):
    return [(one.race_id, one.market, one.label, one.price) for one in race_lines.lowest(connection, race_ids, MARKETS)]


def numbers(races):
    return {one.race_number for one in races}


def moved_of(connection, board_id):
    return [
        (one.label, one.market, one.before, one.price)
        for one in race_lines.moved(connection, [board_id], MARKETS, WINDOW)
    ]


@pytest.fixture
def told(store, meeting):
    """Stores items one after another; the connection and the id of the last board."""
    with store.write() as connection:

        def put(*items):
            made = [meeting.put(connection, item) for item in items]
            return connection, next(one.board_id for one in reversed(made) if not isinstance(one, int))

        yield put


def test_the_lowest_price_of_each_market_and_its_horses_that_run(told, meeting):
    board = meeting.board(
        60,
        raw_prices=(
            *(meeting.price(*one) for one in (("1", 3500), ("2", 5000), ("10", 9000))),
            meeting.price("2", 4000, "win_fixed"),
        ),
    )
    connection, _ = told(meeting.card(), board)
    found = race_lines.lowest(connection, [1], MARKETS)
    assert [(one.market, one.label, one.price, one.programs, one.horses) for one in found] == [
        ("win_fixed", "2", 4000, ("2",), ("Bravo",)),
        ("win_tote", "1", 3500, ("1", "1A"), ("Alpha (IRE)", "Alphabet")),
    ]


def test_equal_prices_stand_in_program_order(told, meeting):
    connection, _ = told(meeting.card(), meeting.board(60, {"10": 3500, "2": 3500, "1": 9000}))
    assert lowest_of(connection, [1]) == [(1, "win_tote", "2", 3500), (1, "win_tote", "10", 3500)]


@pytest.mark.parametrize(
    ("out", "lowest"),
    [({"1"}, "1"), ({"1", "1A"}, "2"), ({"1", "1A", "2"}, "10")],
    ids=["one part of an entry", "the whole entry", "two interests"],
)
def test_a_horse_that_the_card_has_scratched_is_none_whatever_the_board_still_shows(told, meeting, out, lowest):
    field = tuple(
        meeting.entry(one.program_number, one.horse, status="late_scratch" if one.program_number in out else "active")
        for one in meeting.field()
    )
    prices = {"1": 2000, "2": 3000, "10": 4000}
    connection, _ = told(meeting.card(), meeting.board(60, prices), meeting.card(90, entries=field))
    found = race_lines.lowest(connection, [1], MARKETS)
    assert [one.label for one in found] == [lowest]
    assert not out & set(found[0].programs)
    assert race_lines.around(connection, [1])[1].runners == 4 - len(out)


def test_prices_and_boards_are_of_the_primary_source_alone(told, meeting):
    connection, board_id = told(
        meeting.card(),
        meeting.card(1, source=meeting.other),
        meeting.board(90, {"2": 1500}, source=meeting.other),
        meeting.board(30, {"1": 3000}),
        meeting.board(60, {"1": 3500}, minutes_to_post=7, flags=frozenset({"suspect"})),
    )
    assert lowest_of(connection, [1]) == [(1, "win_tote", "1", 3500)]
    board = race_lines.around(connection, [1])[1].board
    assert (board.board_id, board.source, board.notation) == (board_id, "demo", "board")
    assert (board.fetched_at, board.minutes_to_post, board.flags) == (meeting.ms(60), 7, ("suspect",))


def test_what_moved_most_is_by_probability_against_what_stood_when_the_window_began(told, meeting):
    connection, board_id = told(
        meeting.card(),
        meeting.board(0, {"1": 9000, "2": 2800, "10": 21_000}),
        meeting.board(100, {"1": 4000, "2": 2800, "10": 21_000}),  # stands at 120, when the window begins
        meeting.board(130, {"1": 9000, "2": 2600, "10": 21_000}),
        meeting.board(420, {"1": 4500, "2": 2000, "10": 9000}),
    )
    assert moved_of(connection, board_id) == [("2", "win_tote", 2800, 2000)]


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (3000, 2500, [("2", "win_tote", 3000, 2500)]),
        (3000, 3000, []),
        (None, 2500, []),
        (3000, "SCR", []),
        ("CAP", 2500, []),
        (3000, "CAP", []),
    ],
    ids=["moved", "stood", "first price", "scratched", "from the cap", "to the cap"],
)
def test_what_is_a_move(told, meeting, before, now, found):
    def shown(one):
        if one == "CAP":
            return Price(label="2", market="win_tote", price=100_000, status="capped")
        return meeting.price("2", one)

    connection, board_id = told(
        meeting.card(), meeting.board(0, raw_prices=(shown(before),)), meeting.board(300, raw_prices=(shown(now),))
    )
    assert moved_of(connection, board_id) == found


def test_a_race_whose_first_board_is_within_the_window_has_no_move(told, meeting):
    connection, board_id = told(meeting.card(), meeting.board(10, {"2": 3000}), meeting.board(300, {"2": 2000}))
    assert moved_of(connection, board_id) == []


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ({30: 9000, 130: "SCR", 430: "SCR"}, [("2", "win_tote", 3000, 2500)]),
        ({30: 9000, 131: "SCR", 430: "SCR"}, []),
        ({30: 9000, 430: "SCR"}, []),
        ({30: 9000, 131: 8000, 430: 8000}, [("2", "win_tote", 3000, 2500)]),
    ],
    ids=["when the window begins", "in it", "by the newest board", "none"],
)
def test_across_a_scratch_nothing_is_a_move(told, meeting, shown, found):
    """What was bet on it is paid back: by that alone the others shorten. The window is of 130 to 430."""
    boards = [meeting.board(at, {"2": 2500 if at == 430 else 3000, "10": price}) for at, price in shown.items()]
    connection, board_id = told(meeting.card(), *boards)
    assert moved_of(connection, board_id) == found


def test_a_scratch_in_another_market_is_none_here(told, meeting):
    boards = [
        meeting.board(at, raw_prices=(meeting.price("2", tote), meeting.price("10", fixed, "win_fixed")))
        for at, tote, fixed in ((0, 3000, 9000), (300, 2500, "SCR"))
    ]
    connection, board_id = told(meeting.card(), *boards)
    assert moved_of(connection, board_id) == [("2", "win_tote", 3000, 2500)]


def test_a_race_without_a_board_has_a_card_and_alerts(told, meeting):
    connection, _ = told(meeting.card(), meeting.card(race=2), meeting.board(60, {"1": 2000}))
    found = race_lines.around(connection, [1, 2])
    assert (found[2].board, found[2].runners, found[2].alerts) == (None, 4, 0)
    assert found[1].board is not None


def test_a_board_that_arrived_late_counts_by_its_own_time(told, meeting):
    connection, board_id = told(
        meeting.card(), meeting.board(0, {"2": 9000}), meeting.board(400, {"2": 2000}), meeting.board(90, {"2": 4000})
    )
    newest = race_lines.around(connection, [1])[1].board.board_id
    assert newest != board_id
    assert moved_of(connection, newest) == [("2", "win_tote", 4000, 2000)]


def test_races_around_an_instant_are_found_by_post_time_and_without_one_by_date(told, meeting):
    post = dt.datetime(2026, 5, 3, 1, 0, tzinfo=dt.UTC)  # the evening of 2 May at the track
    connection, _ = told(
        meeting.card(race=1, post_time=post),
        meeting.card(race=2, post_time=post + dt.timedelta(hours=1)),
        meeting.card(race=3, post_time=None),
        meeting.board(60, {}, race=3),
    )
    at = int(post.timestamp() * 1000)
    assert numbers(race_list.races_around(connection, at, at + 1)) == {1, 3}
    assert numbers(race_list.races_around(connection, at + 1, at + 3_600_001)) == {2, 3}
    assert numbers(race_list.races_on(connection, dt.date(2026, 5, 2))) == {1, 2, 3}
    assert race_list.races_on(connection, dt.date(2026, 5, 3)) == []
    far = at + 3 * 86_400_000
    assert race_list.races_around(connection, far, far + 1) == []


def test_a_track_without_a_code_goes_by_its_key(told, meeting):
    connection, _ = told(meeting.card(), meeting.board(60, {"1": 2000}))
    connection.exec_driver_sql("UPDATE track SET code = NULL")
    race = race_list.listed_race(connection, 1)
    assert (race.track_key, race.track_code) == ("demo", "DEMO")
    assert race.is_at("Demo")
    assert race_list.listed_race(connection, 2) is None
