"""What is kept within the budgets of hosts, and what is dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horses_scrapy.scheduling.budget import Budgets, Limits, Use, requests, within
from horses_scrapy.scheduling.plan import Due

HOST, OTHER = "api.example.com", "other.example.com"
HOSTS = {"aqu": HOST, "gp": HOST, "sa": HOST, "wo": OTHER}


def due(track: str, seconds_to_post: float, *races: int, until_at: int | None = None, every: int | None = None) -> Due:
    kind = "window" if until_at is not None else "near" if races else "card"
    return Due(track, kind, 0, races, f"{track}-{kind}", -seconds_to_post, until_at, every)


@pytest.mark.parametrize(
    ("one", "polls", "expected"),
    [
        (due("aqu", 60, 3), {}, Use(2, 2)),
        (due("aqu", 60, 3, 4), {}, Use(3, 3)),
        (due("aqu", 60), {}, Use(11, 11)),
        (due("gp", 60), {}, Use(1, 1)),  # its card is not known yet
        (due("aqu", 60, 3), {("aqu", "near"): 5}, Use(5, 5)),
        (due("aqu", 60), {("aqu", "card"): 7, ("gp", "card"): 1}, Use(7, 7)),
        (due("aqu", 60, 3, until_at=300_000, every=15_000), {}, Use(8, 40)),
        (due("aqu", 60, 3, until_at=61_000, every=30_000), {}, Use(4, 6)),
        (due("aqu", 60, 3, until_at=20_000, every=15_000), {("aqu", "near"): 1}, Use(2, 2)),
    ],
)  # fmt: skip
def test_what_a_slot_asks(one, polls, expected):
    assert requests(one, Budgets(hosts=HOSTS, polls=polls, races={"aqu": 10})) == expected


def test_a_windows_busiest_minute_is_not_more_than_all_of_it():
    one = due("aqu", 60, 3, until_at=20_000, every=15_000)
    assert requests(one, Budgets(hosts=HOSTS)) == Use(4, 4)


def test_without_budgets_everything_is_kept():
    dues = [due("aqu", 60, 3), due("wo", 10)]
    kept, dropped = within(dues, Budgets())
    assert (sorted(one.track for one in kept), dropped) == (["aqu", "wo"], [])


def test_the_least_urgent_is_dropped_first_and_each_host_has_its_own_budget():
    dues = [due("sa", 900, 1), due("gp", 10, 2), due("wo", 9000, 5), due("aqu", 300, 3)]
    budgets = Budgets(hosts=HOSTS, limits={HOST: Limits(per_minute=5)}, used={HOST: Use(1, 900)})
    kept, dropped = within(dues, budgets)
    assert [one.track for one in kept] == ["gp", "aqu", "wo"]
    assert [(one.due.track, one.host) for one in dropped] == [("sa", HOST)]
    assert dropped[0].reason == (
        f"{HOST}: 5 requests of this minute are spent or spoken for, 2 more would pass its budget of 5"
    )


def test_a_day_has_a_budget_too():
    budgets = Budgets(hosts=HOSTS, limits={HOST: Limits(per_day=1000)}, used={HOST: Use(0, 990)})
    kept, dropped = within([due("aqu", 60, 3, until_at=300_000, every=15_000), due("gp", 90, 3)], budgets)
    assert [one.track for one in kept] == ["gp"], "a window is kept only if all of it fits"
    assert "990 requests of this day are spent or spoken for, 40 more" in dropped[0].reason


def test_a_small_poll_may_fit_where_a_more_urgent_card_does_not():
    budgets = Budgets(hosts=HOSTS, limits={HOST: Limits(per_minute=8)}, races={"aqu": 12})
    kept, dropped = within([due("aqu", 10), due("gp", 60, 2)], budgets)
    assert ([one.track for one in kept], [one.due.track for one in dropped]) == (["gp"], ["aqu"])


dues = st.lists(
    st.builds(
        due, st.sampled_from(sorted(HOSTS)), st.integers(0, 9000).map(float), st.integers(1, 12),
        until_at=st.none(), every=st.none(),
    ),
    max_size=20,
)  # fmt: skip


@given(dues, st.integers(1, 40), st.integers(0, 50), st.integers(0, 50))
def test_what_is_kept_never_passes_the_budget_and_what_is_dropped_would_have(asked, limit, used, day):
    budgets = Budgets(hosts=HOSTS, limits={HOST: Limits(limit, limit + 60)}, used={HOST: Use(used, day)})
    kept, dropped = within(asked, budgets)
    assert len(kept) + len(dropped) == len(asked)
    own = [one for one in kept if HOSTS[one.track] == HOST]
    assert not own or used + 2 * len(own) <= limit
    assert all(one.host == HOST for one in dropped)
    assert not dropped or used + 2 * len(own) + 2 > limit or day + 2 * len(own) + 2 > limit + 60
    assert max((one.due.priority for one in dropped), default=-1e9) <= min((one.priority for one in own), default=1e9)
