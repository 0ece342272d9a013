"""The state machine against what it promises, for any walk of a value."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.limits import Limit, State, advance


@st.composite
def limits(draw):
    sign = draw(st.sampled_from([1, -1]))
    threshold = draw(st.integers(0, 60))
    return Limit(
        sign=sign,
        threshold=threshold,
        rearm=threshold - sign * draw(st.integers(0, 20)),
        inclusive=draw(st.booleans()),
        step=draw(st.none() | st.integers(1, 20)),
        boards=draw(st.integers(1, 3)),
    )


walks = st.lists(st.integers(0, 60), max_size=60)


def alerts(limit, values, state=None, start=0):
    """Indices that alert, and the state in the end."""
    fired = []
    for index, value in enumerate(values, start):
        state, step = advance(limit, state, value, limit.breached(value), index)
        if step in {"fired", "further"}:
            fired.append(index)
    return fired, state


@given(limits(), walks)
def test_between_two_alerts_the_value_left_the_band_or_moved_a_step(limit, values):
    fired, _ = alerts(limit, values)
    for first, second in pairwise(fired):
        left = any(limit.cleared(value) and not limit.breached(value) for value in values[first:second])
        stepped = limit.step is not None and limit.sign * (values[second] - values[first]) >= limit.step
        assert left or stepped


@given(limits(), walks)
def test_an_alert_is_always_in_breach(limit, values):
    assert all(limit.breached(values[index]) for index in alerts(limit, values)[0])


@given(limits(), walks)
def test_the_first_breach_that_lasts_alerts(limit, values):
    run = 0
    for index, value in enumerate(values):
        run = run + 1 if limit.breached(value) else 0
        if run == limit.boards:
            assert alerts(limit, values)[0][0] == index
            return
    assert alerts(limit, values)[0] == []


@given(limits(), walks, st.integers(0, 60))
def test_a_restart_at_any_point_changes_nothing(limit, values, cut):
    fired, state = alerts(limit, values[:cut])
    after, end = alerts(limit, values[cut:], state, start=len(values[:cut]))
    assert (fired + after, end) == alerts(limit, values)


@given(limits(), st.integers(0, 60), st.integers(1, 50))
def test_a_value_that_stays_alerts_at_most_once(limit, value, times):
    assert len(alerts(limit, [value] * times)[0]) <= 1


def test_a_band_of_no_width_still_needs_both_sides():
    limit = Limit(sign=1, threshold=10, rearm=10)
    assert alerts(limit, [10, 11, 11, 10, 11])[0] == [1, 4]


def test_pending_keeps_the_instant_it_began():
    limit = Limit(sign=1, threshold=10, rearm=5, boards=3)
    assert alerts(limit, [11, 12])[1] == State("pending", 2, None, 0)


FIRING = State("firing", 2, 10, 1000)
RISE = Limit(sign=1, threshold=10, rearm=6, step=5, boards=2)


@pytest.mark.parametrize(
    ("before", "value", "now", "state", "step"),
    [
        (None, 10, 50, None, "not crossed"),
        (None, 11, 50, State("pending", 1, None, 50), "pending"),
        (State("pending", 1, None, 50), 11, 60, State("firing", 2, 11, 60), "fired"),
        (State("pending", 1, None, 50), 9, 60, None, "not crossed"),
        (FIRING, 11, 1100, FIRING, "holding"),
        (FIRING, 7, 1100, FIRING, "holding"),
        (FIRING, 6, 1100, None, "resolved"),
        (FIRING, 14, 1100, FIRING, "holding"),
        (FIRING, 15, 1100, State("firing", 2, 15, 1100), "further"),
        (FIRING, 11, 1999, FIRING, "holding"),
        (FIRING, 11, 2000, State("firing", 2, 11, 2000), "repeated"),
        (FIRING, 7, 9000, FIRING, "holding"),  # inside the band, but no breach: nothing to repeat
    ],
)
def test_each_step_of_an_identity(before, value, now, state, step):
    assert advance(RISE, before, value, RISE.breached(value), now, repeat_ms=1000) == (state, step)


def test_a_rule_of_three_boards_keeps_since_when_it_is_pending():
    limit = Limit(sign=-1, threshold=10, rearm=12, boards=3)
    first, _ = advance(limit, None, 9, True, 100)
    assert advance(limit, first, 8, True, 200) == (State("pending", 2, None, 100), "pending")


@pytest.mark.parametrize(("value", "cleared"), [(11, False), (12, True), (13, True)])
def test_a_fall_re_arms_above_its_threshold(value, cleared):
    assert Limit(sign=-1, threshold=10, rearm=12).cleared(value) is cleared


def test_without_a_repeat_a_breach_that_lasts_is_told_once():
    assert advance(RISE, FIRING, 11, True, 10**9) == (FIRING, "holding")
