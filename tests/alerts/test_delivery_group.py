"""What goes in one message, and when."""

import pytest
from delivering import YOU, at, policy, standing, system, waiting

from alerts.delivery.group import groups, leading, why_wait

LAST = ("race:1", YOU, "mail", False)


def test_one_message_for_a_race_a_recipient_a_channel_and_what_outlives_the_race():
    members = [
        waiting(1), waiting(2, subject="6"), waiting(3, recipient="b@example.com"), waiting(4, scope="race:2"),
        waiting(5, kind="result"), waiting(6, kind="race_status"), waiting(7, channel="apprise"), waiting(8, kind="steam"),
    ]  # fmt: skip
    assert [[each.alert_id for each in group.members] for group in groups(members)] == [
        [1, 2, 8], [3], [4], [5, 6], [7]
    ]  # fmt: skip


def test_urgent_groups_come_first_then_the_longest_waiting():
    made = groups([waiting(1), waiting(2, scope="race:2"), waiting(3, scope="race:3", severity="urgent")])
    assert [group.key.scope for group in made] == ["race:3", "race:1", "race:2"]


FAR, NEAR, AT_NEAR = 3600, 300, 600 + 29
WAITS = {
    "the first waits": (waiting(), {}, 29, True),
    "as long as it was told": (waiting(), {}, 30, False),
    "near the post none waits": (waiting(post=NEAR), {}, 0, False),
    "near begins where it says": (waiting(post=629), {}, 29, False),
    "and not before": (waiting(post=630), {}, 29, True),
    "nor does one past its post": (waiting(post=-60), {}, 0, False),
    "no post is known": (waiting(post=None), {}, 29, True),
    "an urgent one does not wait": (waiting(severity="urgent"), {}, 0, False),
    "the clock was put back": (waiting(made=10), {}, 9, False),
    "soon after the last": (waiting(made=40), {LAST: at(0)}, 59, True),
    "an interval after it": (waiting(made=40), {LAST: at(0)}, 60, False),
    "near the post as well": (waiting(post=NEAR), {LAST: at(0)}, 59, True),
    "an urgent one as well": (waiting(severity="urgent"), {LAST: at(0)}, 59, True),
    "later ones wait for no others": (waiting(made=100), {LAST: at(0)}, 100, False),
    "the last is in the future": (waiting(made=0), {LAST: at(100)}, 10, False),
    "the last was of another race": (waiting(), {("race:2", *LAST[1:]): at(0)}, 29, True),
    "the last was a result": (waiting(), {(*LAST[:3], True): at(0)}, 30, False),
    "about ourselves": (system(), {}, 29, True),
}


@pytest.mark.parametrize(("delivery", "last", "now", "waits"), WAITS.values(), ids=WAITS)
def test_when_a_group_is_due(delivery, last, now, waits):
    [group] = groups([delivery])
    assert (why_wait(group, standing(now, last=last), policy().grouping) is not None) is waits


def test_the_oldest_alert_of_a_group_decides():
    [group] = groups([waiting(1, made=0), waiting(2, made=29)])
    assert why_wait(group, standing(29), policy().grouping) == "30 s for more of its first alerts"
    assert why_wait(group, standing(30), policy().grouping) is None


def test_own_numbers_hold():
    grouping = policy(grouping={"wait": 5, "near": 0, "interval": 7}).grouping
    [group] = groups([waiting(post=60)])
    assert why_wait(group, standing(4), grouping) == "5 s for more of its first alerts"
    assert why_wait(group, standing(5), grouping) is None
    assert why_wait(group, standing(5, last={LAST: at(0)}), grouping) == "7 s from one message of a race to its next"
    assert why_wait(group, standing(7, last={LAST: at(0)}), grouping) is None


def test_a_message_that_is_full_takes_the_urgent_ones_then_the_oldest():
    members = [waiting(1), waiting(2), waiting(3, severity="urgent"), waiting(4)]
    assert [each.alert_id for each in leading(members, 2)] == [1, 3]
    assert [each.alert_id for each in leading(members, 9)] == [1, 2, 3, 4]
