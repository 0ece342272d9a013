from sqlalchemy import func, select

from horses_scrapy.items import Source
from horses_scrapy.storage import schema

FIELD = {"1": 3, "2": 4, "3": 8, "5": 6}


def noted(meeting) -> dict[int, dict[int, tuple[int, int]]]:
    """Minutes -> interest -> price and final price."""
    found: dict[int, dict[int, tuple[int, int]]] = {}
    for row in meeting.rows("drift"):
        found.setdefault(row["minutes"], {})[row["interest_id"]] = (row["price"], row["final_price"])
    return found


def prices_at(meeting, minutes):
    return sorted(noted(meeting)[minutes].values())


def test_an_official_board_notes_how_far_each_price_moved(meeting):
    meeting.play(49, {"1": 5, "2": 4})
    meeting.play(56, {"1": 3, "2": 4})
    meeting.play(61, {"1": 2, "2": 4.5}, status="closed")
    meeting.play(70, {"1": 1, "2": 5}, status="official")
    assert set(noted(meeting)) == {10, 4}
    assert prices_at(meeting, 10) == [(5000, 6000), (6000, 2000)]
    assert prices_at(meeting, 4) == [(4000, 2000), (5000, 6000)]


def test_nothing_is_noted_before(meeting):
    for minute, status in ((50, "open"), (61, "closed"), (65, "unofficial"), (66, "cancelled")):
        meeting.play(minute, FIELD, status=status)
    assert meeting.rows("drift") == []


def test_the_first_official_board_has_the_word(meeting):
    meeting.play(56, {"1": 5})
    meeting.play(70, {"1": 3}, status="official")
    meeting.play(71, {"1": 9}, status="official")
    assert prices_at(meeting, 4) == [(6000, 4000)]


def test_final_odds_that_go_with_the_result_are_those_of_the_board_before(meeting):
    meeting.play(56, {"1": 5, "2": 4})
    meeting.play(61, {"1": 2, "2": 8}, status="closed")
    meeting.play(65, {"1": 3, "2": 7}, status="unofficial")
    meeting.play(70, {"1": None, "2": None}, status="official")
    assert prices_at(meeting, 4) == [(5000, 8000), (6000, 4000)]


def test_prices_before_the_off_are_no_final_ones(meeting):
    meeting.play(56, {"1": 5})
    meeting.play(70, {"1": None}, status="official")
    assert meeting.rows("drift") == []


def test_what_was_before_a_scratch_is_left_out(meeting):
    meeting.play(45, FIELD)
    meeting.play(50, FIELD)
    meeting.card(52, out=["3"])
    meeting.play(54, {**FIELD, "3": "SCR"})
    meeting.play(59, {**FIELD, "3": "SCR"})
    meeting.play(70, {**FIELD, "3": "SCR"}, status="official")
    assert set(noted(meeting)) == {6, 1}
    assert len(noted(meeting)[1]) == 3


NOTHING = {
    "capped": ({"1": "99+"}, {}),
    "blank": ({"1": None}, {}),
    "another market": ({"1": 5}, {"market": "win_fixed"}),
    "not sound": ({"1": 5}, {"flags": frozenset({"from_cache"})}),
    "after the off": ({"1": 5}, {"status": "closed"}),
}


def test_a_price_that_tells_nothing_is_left_out(meeting):
    for race, (shown, fields) in enumerate(NOTHING.values(), 1):
        meeting.play(57, shown, race=race, **fields)
        meeting.play(70, {"1": 3}, race=race, status="official")
    assert meeting.rows("drift") == []


def test_a_site_that_counts_itself_is_believed(meeting):
    meeting.play(50, {"1": 5}, minutes_to_post=3)
    meeting.play(70, {"1": 3}, status="official")
    assert set(noted(meeting)) == {3}


def test_the_post_counts_as_it_was_known_then(meeting):
    meeting.card(0, post=meeting.at(60))
    meeting.play(56, {"1": 5})
    meeting.card(57, post=meeting.at(65))
    meeting.play(62, {"1": 4})
    meeting.play(75, {"1": 3}, status="official")
    assert {minutes: min(found.values()) for minutes, found in noted(meeting).items()} == {
        4: (6000, 4000),
        3: (5000, 4000),
    }


def test_a_board_long_before_stands_for_no_minute(meeting):
    """Polled at 50 minutes, and then no more: that is no drift from two."""
    meeting.play(10, {"1": 5})
    meeting.play(70, {"1": 3}, status="official")
    assert meeting.rows("drift") == []


def test_of_two_boards_the_newer_one_counts(meeting):
    meeting.play(46, {"1": 9})
    meeting.play(49, {"1": 5})
    meeting.play(70, {"1": 3}, status="official")
    assert prices_at(meeting, 10) == [(6000, 4000)]


def test_only_the_first_source_counts(meeting):
    meeting.play(50, {"1": 5})
    other = Source("other", "decimal", "pool")
    meeting.card(51, source=other)
    meeting.play(52, {"1": 4}, source=other)
    meeting.play(70, {"1": 3}, source=other, status="official")
    assert meeting.rows("drift") == []


def test_it_costs_no_writes_where_nothing_is_new(meeting):
    meeting.play(50, {"1": 5})
    meeting.play(70, {"1": 3}, status="official")
    meeting.play(71, {"1": 3}, status="official")
    with meeting.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.drift)) == 1
