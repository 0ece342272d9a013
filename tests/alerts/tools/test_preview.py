"""`alertctl replay`: counts by rule, race and day, the messages they would become, and the comparison with what was told."""

import datetime as dt

import pytest

from alerts.rules.policy import Delivery
from alerts.tools.mails import estimate
from alerts.tools.preview import SYSTEM, Try, run
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage import alert_reader

DAY = dt.date(2026, 5, 2)
RULES = """
rules:
  - {name: short, kind: win_odds_below, threshold: 5-2, rearm: 5-2}
  - {name: never, kind: win_odds_above, threshold: 90-1}
  - {name: scratch, kind: scratched, recipients: [else@example.com]}
  - {name: stale, kind: stale_source}
"""


@pytest.fixture
def races(meeting, clock):
    """Two races. In the first #5 falls below 5-2 every other board: five alerts, half an hour before the post."""
    meeting.rules(RULES)
    for minute in range(20, 30):
        clock.put(meeting.at(minute))
        meeting.play(minute, {"1": 4, "5": 4 if minute % 2 else 2})
    meeting.play(29, {"1": 4}, race=2)
    meeting.card(29.5, race=2, out=["2"])
    meeting.evaluate(2)
    return meeting


def cells(line):
    return line.split()


def test_a_day_is_counted_by_rule_by_race_and_in_messages(races, settings, clock, lines):
    assert run(settings, clock, Try(DAY)) == 0
    found = lines()
    rows = [cells(line) for line in found]
    assert ["short", "win_odds_below", "5", "1"] in rows
    assert ["never", "win_odds_above", "0", "0"] in rows
    assert ["GP", "R1", "5", "short", "5"] in rows
    assert ["GP", "R2", "1", "scratch", "1"] in rows
    assert "2026-05-02: 6 alerts in 2 races" in found
    assert ["you@example.com", "4", "1", "4", "cap:", "4", "messages", "a", "race", "1"] in rows
    assert ["else@example.com", "1", "0", "1"] in rows
    assert found[-1] == SYSTEM


def test_each_alert_is_printed_where_that_is_asked(races, settings, clock, lines):
    run(settings, clock, Try(DAY, track="gp", every=True))
    assert lines()[0] == "16:20:00 GP R1 #5 Dancer 2-1 (40 MTP) below 5-2 [win_odds_below: short]"


def test_other_rules_are_tried_without_a_trace(races, settings, clock, lines, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("rules: [{name: far, kind: win_odds_above, threshold: 3-1}]", encoding="utf-8")
    before = races.rows("alert")
    assert run(settings, clock, Try(DAY, file=other)) == 0
    assert any(cells(line)[:3] == ["far", "win_odds_above", "7"] for line in lines())
    assert races.rows("alert") == before


def test_equal_to_the_live_run_ends_0_and_different_ends_1(races, settings, clock, lines):
    assert run(settings, clock, Try(DAY, against_live=True)) == 0
    assert lines()[-1] == "equal to the live run: 6 alerts"
    races.rules(RULES.replace("5-2, rearm: 5-2", "3-2"))
    races.engine()
    assert run(settings, clock, Try(DAY, against_live=True)) == 1
    assert [line[0] for line in lines()[-5:]] == ["-"] * 5


@pytest.mark.parametrize("fields", [{"day": dt.date(2026, 5, 3)}, {"day": DAY, "track": "XYZ"}])
def test_a_day_of_which_nothing_is_stored_is_an_error(races, settings, clock, fields):
    with pytest.raises(ConfigError, match="is stored"):
        run(settings, clock, Try(**fields))


def counted(meeting, **policy):
    with meeting.store.read() as connection:
        heads = {race.race_id: race for race in alert_reader.races_on(connection, DAY.isoformat())}
    found = estimate(meeting.replayed(), heads, Delivery.model_validate(policy), ["you@example.com"])
    return found["you@example.com"]


@pytest.mark.parametrize(
    ("policy", "messages", "alerts"),
    [
        ({"caps": {"race": None}}, 5, 5),
        ({"caps": {"race": None}, "grouping": {"interval": 300}}, 3, 5),
        ({"caps": {"race": 1}}, 1, 1),
        ({"caps": {"race": None}, "grouping": {"wait": 600, "interval": 600}}, 1, 5),
        ({"people": {"you@example.com": {"quiet": {"since": "20:00", "until": "21:00"}}}}, 0, 0),
    ],
)
def test_messages_follow_the_delivery_policy(races, policy, messages, alerts):
    """The alerts come at 20, 22, 24, 26 and 28 minutes past eight, UTC."""
    mails = counted(races, **policy)
    assert (mails.messages, mails.alerts) == (messages, alerts)
    assert mails.alerts + sum(mails.ended.values()) == 5


def test_what_a_race_that_is_off_leaves_behind_is_not_sent(races, clock):
    """The alert of the last board waits for its turn when the race goes off."""
    clock.put(races.at(29.2))
    races.board(29.1, {"1": 4, "5": 2})
    races.board(29.2, {"1": 4, "5": 2}, status="closed")
    races.evaluate()
    mails = counted(races, caps={"race": None}, grouping={"interval": 120})
    assert mails.ended == {"expired": 1}
