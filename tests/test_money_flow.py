"""Money between boards: what came is what is there, whoever is scratched on the way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horses_scrapy.money_flow import PoolReading, by_prices, flow, intervals

LABELS = ["1", "2", "3"]
amounts = st.dictionaries(st.sampled_from(LABELS), st.integers(0, 10**9))
readings = st.lists(
    st.builds(PoolReading, st.integers(0, 1000), st.none() | st.integers(0, 10**10), amounts),
    min_size=1,
    max_size=12,
    unique_by=lambda one: one.at,
).filter(lambda some: any(one.amounts for one in some))
edges = st.lists(st.integers(-100, 1100), min_size=2, max_size=9, unique=True).map(sorted)


def totals(*pairs):
    return [PoolReading(at, total) for at, total in pairs]


def test_a_refund_is_nobody_s_outflow():
    """#2 is scratched between the boards at 60 and 120: its 300 leave the pool, 50 and 20 come for the others."""
    seen = [
        PoolReading(0, 600, {"1": 200, "2": 250, "3": 150}),
        PoolReading(60, 800, {"1": 300, "2": 300, "3": 200}),
        PoolReading(120, 570, {"1": 350, "2": 0, "3": 220}),
    ]
    found = flow(seen, {"2"}, [0, 60, 120])
    assert {label: list(line.growth) for label, line in found.interests.items()} == {"1": [100, 50], "3": [50, 20]}
    assert (found.total.opening, list(found.total.growth)) == (350, [150, 70])
    assert found.netted == {"2": 300}


@pytest.mark.parametrize("after", [{"1": 350, "3": 220}, {"1": 350, "3": 220, "2": 300}])
def test_a_source_may_drop_a_scratched_interest_before_or_after_its_money(after):
    seen = [PoolReading(0, 600, {"1": 200, "2": 250, "3": 150}), PoolReading(60, 570, after)]
    assert list(flow(seen, {"2"}, [0, 60]).total.growth) == [220]


def test_a_correction_is_told_as_such():
    found = flow([PoolReading(0, None, {"1": 500}), PoolReading(50, None, {"1": 420})], set(), [0, 60])
    assert list(found.interests["1"].growth) == [-80]


def test_where_only_totals_are_shown_there_are_only_totals():
    found = flow(totals((10, 100), (20, None), (70, 180)), set(), [0, 60, 120])
    assert (found.total.opening, list(found.total.growth), found.interests) == (100, [0, 80], {})


def test_readings_of_the_total_alone_say_nothing_of_interests():
    """The first boards of a morning show a total; once interests are shown, what stood then is no growth."""
    found = flow([*totals((0, 500)), PoolReading(60, 600, {"1": 400, "2": 200})], set(), [0, 60, 120])
    assert (found.total.opening, list(found.total.growth)) == (600, [0, 0])


@given(seen=readings, edges=edges, out=st.frozensets(st.sampled_from(LABELS)))
@settings(max_examples=150)
def test_what_came_in_is_the_last_less_the_first_and_order_is_nothing(seen, edges, out):
    found = flow(seen, out, edges)
    assert flow(seen[::-1], out, edges) == found
    whole = flow(seen, out, [edges[0], edges[-1]])
    assert whole.interests.keys() == found.interests.keys()
    for label, line in found.interests.items():
        assert sum(line.growth) == whole.interests[label].growth[0]
        assert line.closing == whole.interests[label].closing
    assert found.total.closing == sum(line.closing for line in found.interests.values())


@given(seen=readings, edges=edges)
@settings(max_examples=100)
def test_the_others_flow_as_if_the_scratched_had_never_been_there(seen, edges):
    without = [
        PoolReading(one.at, None, {label: held for label, held in one.amounts.items() if label != "2"}) for one in seen
    ]
    left = [one for one in without if one.amounts]
    if not left or [one.at for one in left] != [one.at for one in seen if one.amounts]:
        return
    assert flow(seen, {"2"}, edges).interests == flow(left, set(), edges).interests


@pytest.mark.parametrize(
    ("first", "last", "anchor", "most", "expected"),
    [
        (130, 190, 0, 9, [120, 180, 240]),  # around both
        (120, 180, 0, 9, [120, 180]),  # on an edge: no empty interval behind it
        (120, 120, 0, 9, [120, 180]),  # one board still has an interval
        (130, 190, 45, 9, [105, 165, 225]),  # the post is an edge
        (130, 190, 1000, 9, [100, 160, 220]),  # also from before it
        (0, 6000, 0, 3, [5820, 5880, 5940, 6000]),  # the newest ones
    ],
)
def test_intervals_stand_at_the_post_and_around_the_boards(first, last, anchor, most, expected):
    assert intervals(first, last, 60, anchor, most) == expected


def test_prices_lay_a_total_to_interests():
    """2.0 and 4.0: two thirds and one third."""
    assert by_prices(900, {"1": 2000, "2": 4000}) == {"1": 600, "2": 300}
    assert by_prices(900, {}) == {}


@pytest.mark.parametrize(("seen", "edges", "says"), [
    ([], [0, 1], "no reading"), (totals((0, None)), [0, 1], "no reading"),
    (totals((0, 1)), [0], "two or more"), (totals((0, 1)), [1, 1], "ascend"), (totals((0, 1)), [2, 1], "ascend"),
])  # fmt: skip
def test_what_is_no_flow_is_refused(seen, edges, says):
    with pytest.raises(ValueError, match=says):
        flow(seen, set(), edges)
