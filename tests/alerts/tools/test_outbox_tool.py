"""`alertctl outbox`: what waits and why, and a second chance for what was given up."""

import pytest
from sqlalchemy import insert, update

from alerts.tools.outbox import retry, show
from horses_scrapy.clock import to_ms
from horses_scrapy.errors import ConfigError
from horses_scrapy.storage import schema


@pytest.fixture
def given_up(meeting, clock):
    """Three messages: about a price (dead), about a result (dead), about a price (sent)."""
    meeting.rules("rules: [{name: short, kind: win_odds_below, threshold: 7-2}, {name: over, kind: result}]")
    meeting.play(50, {"1": 3, "5": 2})
    meeting.result(52, {"5": 1})
    meeting.evaluate()
    now = to_ms(meeting.at(53))
    clock.put(meeting.at(53))
    with meeting.store.write() as connection:
        for number, state in enumerate(("dead", "sent", "dead"), 1):
            connection.execute(
                insert(schema.notification).values(
                    notification_id=number, recipient="you@example.com", channel="mail", scope="race:1", state=state,
                    message_id=f"<{number}@x>", wire="bytes", created_at=now, expires_at=now + 7_200_000, attempts=20,
                    next_at=now, last_code=550, last_error="recipient-dead: no such user",
                )
            )  # fmt: skip
            connection.execute(
                update(schema.alert_delivery)
                .where(schema.alert_delivery.c.alert_id == number)
                .values(state=state, reason="recipient-dead: no such user", notification_id=number)
            )
        connection.execute(update(schema.race).values(status="open", off_at=None))
    return meeting


def states(meeting):
    return [(row["state"], row["attempts"]) for row in meeting.rows("notification")]


def test_what_waits_and_what_was_given_up_is_listed(given_up, settings, clock, lines):
    assert show(settings, clock, None) == 0
    found = [line.split() for line in lines()]
    assert ["dead", "mail", "recipient-dead:", "no", "such", "user", "2"] in found
    assert [row[:2] for row in found if row and row[0].isdigit()] == [["1", "dead"], ["3", "dead"]]
    show(settings, clock, "sent")
    assert [row.split()[:2] for row in lines() if row[:1].isdigit()] == [["2", "sent"]]
    show(settings, clock, "pending")
    assert lines()[-1] == "no message is pending"


def test_a_dead_message_is_due_again_as_it_was(given_up, settings, clock, lines):
    assert retry(settings, clock, [1]) == 0
    assert lines() == ["message 1 to you@example.com: due now"]
    [row, *_] = given_up.rows("notification")
    assert (row["state"], row["attempts"], row["wire"], row["message_id"], row["next_at"]) == (
        "pending", 0, "bytes", "<1@x>", to_ms(given_up.at(53)),
    )  # fmt: skip
    assert [one["state"] for one in given_up.rows("alert_delivery")] == ["leased", "sent", "dead"]


def test_once_the_race_is_off_its_result_is_sent_again_and_its_prices_are_not(given_up, settings, clock, lines):
    with given_up.store.write() as connection:
        connection.execute(update(schema.race).values(status="official", off_at=1))
    assert retry(settings, clock, None) == 4
    assert lines() == [
        "message 1 to you@example.com: the race is off (official)",
        "message 3 to you@example.com: due now",
    ]
    assert states(given_up) == [("dead", 20), ("sent", 20), ("pending", 0)]


@pytest.mark.parametrize("numbers", [[2], [9], [1, 9]])
def test_what_was_sent_or_never_made_is_refused_with_all_its_company(given_up, settings, clock, numbers):
    with pytest.raises(ConfigError, match=f"message {numbers[-1]}: none"):
        retry(settings, clock, numbers)
    assert states(given_up) == [("dead", 20), ("sent", 20), ("dead", 20)]


def test_nothing_is_dead(meeting, settings, clock, lines):
    assert retry(settings, clock, None) == 0
    assert lines() == ["no message is dead"]
    show(settings, clock, None)
    assert lines()[-1] == "no message waits, and none was given up"
