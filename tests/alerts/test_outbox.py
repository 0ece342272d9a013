"""From the alert row to the notification and its end, on a database."""

import dataclasses
import json
import random
from collections import Counter

import pytest
from delivering import YOU, PlainChannel, attempt, fire, outbox_of
from sqlalchemy import event, insert, select, update

from alerts.delivery.around import standing_of
from alerts.outbox import LEASE_MS, MAX_ATTEMPTS, Verdict, backoff, told, verdict
from alerts.outcome import ACCEPTED, Outcome
from alerts.safe_header import UnsafeMail
from horses_scrapy.storage import alerts as alert_sql
from horses_scrapy.storage import deliveries, schema, silences
from horses_scrapy.storage.outbox import waiting

BELOW = "rules: [{name: short, kind: win_odds_below, threshold: 7-2}, {name: scratch, kind: scratched}]"
DOWN = Outcome("transient-server", 421, "busy")
LATER = Outcome("transient-message", 451, "later")
DEAD = Outcome("recipient-dead", 550, "unknown")


def rules(delivery="{}", more=""):
    return f"{BELOW}\n{more}delivery: {delivery}"


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request):
    return request.param


@pytest.fixture
def day(meeting, clock):
    """A function that puts the clock to a minute, and stores and evaluates a board then."""
    meeting.rules(rules())

    def at(minute, prices=None, **fields):
        clock.put(meeting.at(minute))
        if prices is not None:
            meeting.play(minute, prices, **fields)

    meeting.goes = at
    return meeting


def fates(meeting):
    return [(row["state"], row["reason"]) for row in meeting.rows("alert_delivery")]


def states(meeting, table="alert_delivery"):
    return [row["state"] for row in meeting.rows(table)]


# --- Grouping ----------------------------------------------------------------------------------------------------------


def test_a_race_s_first_message_waits_for_more_and_the_next_for_its_interval(day):
    day.goes(20, {"5": 3, "1": 9, "2": 9})
    outbox = outbox_of(day)
    outbox.collect()
    assert (states(day), attempt(outbox)) == (["pending"], [])
    day.goes(20.4, {"5": 3, "1": 3, "2": 9})
    outbox.collect()
    assert day.rows("notification") == []
    day.goes(20.5)
    outbox.collect()
    assert attempt(outbox) == [(YOU, "2 alerts")]
    day.goes(20.7, {"5": 3, "1": 3, "2": 3})
    for minute, made in ((20.8, []), (21.49, []), (21.5, [(YOU, "1 alerts")])):
        day.goes(minute)
        outbox_of(day).collect()  # a mailer that starts anew knows the last message
        assert attempt(outbox) == made, minute
    assert states(day) == ["sent"] * 3


def test_near_the_post_nothing_waits(day):
    day.goes(50, {"5": 3, "1": 9})
    outbox = outbox_of(day)
    outbox.collect()
    assert attempt(outbox) == [(YOU, "1 alerts")]


def test_a_result_is_its_own_message_and_outlives_the_race(day):
    day.rules(rules(more=""))
    day.goes(50, {"5": 3, "1": 9})
    with day.store.write() as connection:
        connection.execute(update(schema.alert).values(alert_type="result", expires_at=day.clock.now_ms() + 9_000_000))
    day.goes(58, {"5": 9, "1": 3})
    outbox = outbox_of(day)
    outbox.collect()
    assert len(outbox.due("mail")) == 2
    day.card(59, status="official")
    day.goes(59)
    assert [each.kind for each in outbox.due("mail")] == ["result", "win_odds_below"]


def test_a_message_holds_only_so_many(day):
    day.rules(rules("{grouping: {members: 2}}"))
    day.goes(50, {"5": 3, "1": 3, "2": 3})
    outbox = outbox_of(day)
    outbox.collect()
    outbox.collect()
    assert attempt(outbox) == [(YOU, "2 alerts")]
    day.goes(51)
    outbox.collect()
    assert attempt(outbox) == [(YOU, "1 alerts")]


# --- Inhibited, muted, expired ------------------------------------------------------------------------------------------------


def test_a_scratch_inhibits_what_still_waits_about_its_runner(day):
    day.goes(20, {"5": 3, "1": 3})
    day.card(20.2, out=["5"])
    day.evaluate()
    day.goes(20.5)
    outbox_of(day).collect()
    assert fates(day) == [("leased", None), ("inhibited", "#5 is out"), ("leased", None)]
    assert [json.loads(row["wire"])["subject"] for row in day.rows("notification")] == ["2 alerts"]


def test_a_runner_that_only_the_board_shows_as_out_is_out(day):
    day.goes(20, {"5": 3, "1": 9})
    day.goes(20.4, {"5": "SCR", "1": 9})
    day.goes(20.5)
    outbox_of(day).collect()
    assert fates(day) == [("inhibited", "#5 is out")]


def test_one_part_of_an_entry_that_is_out_inhibits_nothing(day):
    day.card(0, horses={"1": "Alpha", "1A": "Annex", "5": "Dancer"})
    day.goes(50, {"1": 3, "5": 9})
    day.card(50.1, out=["1A"])
    outbox_of(day).collect()
    assert states(day) == ["leased"]


@pytest.mark.parametrize(
    ("rule", "track", "enabled", "state"),
    [
        ("stale", "gulf", "true", "inhibited"),
        ("stale", "belm", "true", "leased"),
        ("mailing", "gulf", "true", "leased"),
        ("gone", "gulf", "true", "leased"),
        ("stale", "gulf", "false", "leased"),
    ],
)
def test_a_source_that_is_down_inhibits_the_prices_of_its_track(day, rule, track, enabled, state):
    system = f"{{name: stale, kind: stale_source, enabled: {enabled}}}, {{name: mailing, kind: mail_failing}}"
    day.rules(f"rules: [{{name: short, kind: win_odds_below, threshold: 7-2}}, {system}]")
    day.goes(50, {"5": 3, "1": 9})
    fire(day, rule, track)
    outbox_of(day).collect()
    [(found, reason)] = fates(day)
    assert found == state
    assert reason == ("its source is down: stale_source (stale) since 20:50 UTC" if state == "inhibited" else None)


def test_a_silence_mutes_until_it_is_over(day):
    day.goes(20, {"5": 3, "1": 9})
    now = day.clock.now_ms()
    with day.store.write() as connection:
        key = silences.add(
            connection,
            matchers={"race": "GP/1"},
            starts_at=now,
            ends_at=now + 3_600_000,
            created_by="Ann",
            comment="test",
        )
    day.goes(20.5)
    outbox_of(day).collect()
    assert fates(day) == [("muted", f"silence {key} by Ann: test")]
    with day.store.write() as connection:
        assert silences.expire(connection, key, day.clock.now_ms())
        assert not silences.expire(connection, key, day.clock.now_ms())
        assert not silences.expire(connection, 99, day.clock.now_ms())
    day.goes(55, {"5": 3, "1": 3})
    outbox_of(day).collect()
    assert states(day) == ["muted", "leased"]


def test_quiet_hours_of_one_recipient_are_no_other_s(day):
    day.recipients = (YOU, "bob@example.com")
    night = '{timezone: America/New_York, quiet: {since: "16:00", until: "17:00"}}'
    day.rules(rules(f"{{people: {{{YOU}: {night}}}}}"))
    day.goes(50, {"5": 3, "1": 9})
    outbox_of(day).collect()
    assert sorted(fates(day), key=str) == [("leased", None), ("muted", "quiet hours 16:00-17:00 (America/New_York)")]


def test_what_is_too_late_expires_before_it_is_grouped(day):
    day.goes(20, {"5": 3, "1": 9})
    day.board(20.1, {"5": 3, "1": 9}, status="closed")
    outbox_of(day).collect()
    assert fates(day) == [("expired", "the race is off (closed)")]
    assert day.rows("alert")[0]["sent"] == 0


# --- Caps, their summary, the daily mail ------------------------------------------------------------------------------------------


def test_what_a_cap_holds_back_is_told_once_when_the_race_is_over(day):
    day.rules(rules("{caps: {race: 1}, grouping: {interval: 0}}"))
    day.goes(50, {"5": 3, "1": 9, "2": 9})
    outbox = outbox_of(day)
    outbox.collect()
    day.goes(51, {"5": 3, "1": 3, "2": 9})
    outbox.collect()
    day.goes(52, {"5": 3, "1": 3, "2": 3})
    outbox.collect()
    assert [state for state, _ in fates(day)] == ["leased", "capped", "capped"]
    assert attempt(outbox) == [(YOU, "1 alerts")]
    day.goes(65)
    day.card(65, status="official")
    for _ in range(3):
        outbox.collect()
        outbox_of(day).collect()
    [summary] = outbox.due("mail")
    assert (summary.kind, summary.race.status) == (None, None)  # the race it tells of is off: no reason to expire it
    assert attempt(outbox) == [(YOU, "GP R1 2026-05-02: 2 alerts held back")]
    assert attempt(outbox) == []
    [message, summary] = day.rows("notification")
    assert (message["scope"], summary["scope"], summary["state"]) == ("race:1", "overflow:race", "sent")
    assert [(row["state"], row["reason"], row["notification_id"]) for row in day.rows("alert_delivery")] == [
        ("sent", None, message["notification_id"]),
        ("capped", "cap: 1 message a race", summary["notification_id"]),
        ("capped", "cap: 1 message a race", summary["notification_id"]),
    ]
    assert [row["sent"] for row in day.rows("alert")] == [1, 0, 0]


def test_one_summary_of_a_race_even_if_more_is_held_back_after_it(day):
    day.rules(rules("{caps: {race: 1}, grouping: {interval: 0}}"))
    day.goes(50, {"5": 3, "1": 3})
    outbox = outbox_of(day)
    with day.store.write() as connection:  # the second alert is one that outlives the race
        connection.execute(
            update(schema.alert_delivery).where(schema.alert_delivery.c.alert_id == 2).values(state="muted")
        )
    outbox.collect()
    day.goes(51, {"5": 3, "1": 3, "2": 3})
    outbox.collect()
    day.card(65, status="official")
    outbox.collect()
    with day.store.write() as connection:
        second = schema.alert_delivery.c.alert_id == 2
        connection.execute(
            update(schema.alert_delivery).where(second).values(state="capped", reason="cap: 1 message a race")
        )
    outbox.collect()
    outbox.collect()
    made = day.rows("notification")
    assert [row["scope"] for row in made] == ["race:1", "overflow:race"]
    assert [row["notification_id"] for row in day.rows("alert_delivery")] == [1, 2, 2]


def test_the_summary_of_a_day_is_not_capped_and_survives_every_kind_of_end(day):
    day.rules(rules("{caps: {day: 1}}"))
    day.goes(50, {"5": 3})
    outbox = outbox_of(day)
    outbox.collect()
    day.goes(50, {"5": 3}, race=2)
    outbox.collect()
    day.goes(51)
    attempt(outbox)
    day.goes(60 * 4)  # midnight in UTC
    outbox.collect()
    assert attempt(outbox, DEAD) == [(YOU, "2026-05-02: 1 alert held back")]
    assert states(day) == ["sent", "capped"]
    assert states(day, "notification") == ["sent", "dead"]


def test_the_daily_mail_comes_once_and_counts_since_yesterday_s(day):
    day.rules(rules(f'{{people: {{{YOU}: {{timezone: America/New_York, daily: "17:30"}}}}}}'))
    day.goes(50, {"5": 3, "1": 9})
    outbox = outbox_of(day)
    outbox.collect()
    attempt(outbox)
    with day.store.write() as connection:
        connection.execute(
            insert(schema.crawl_run).values(
                spider="track_gulf", track="gulf", kind="slow", started_at=day.clock.now_ms()
            )
        )
    for minute in (89, 90, 90.1, 209):
        day.goes(minute)
        outbox.collect()
        outbox_of(day).collect()
    assert attempt(outbox) == [(YOU, "horses_scrapy is alive: 1 alerts, 1 sent, 0 dead, 1 tracks")]
    day.goes(24 * 60 + 90)
    outbox.collect()
    assert attempt(outbox) == [(YOU, "horses_scrapy is alive: 0 alerts, 0 sent, 0 dead, 0 tracks")]
    assert [row["scope"] for row in day.rows("notification")][1:] == ["daily:2026-05-02", "daily:2026-05-03"]


def test_a_thousand_alerts_in_a_second_are_each_in_one_message_or_capped(day):
    """T21: 50 in a message, four messages a race, and nobody's mailbox is flooded."""
    day.goes(30, {"5": 3})
    with day.store.write() as connection:
        [row] = connection.execute(select(schema.alert)).mappings().all()
        rest = range(2, 1001)
        alerts = [{**row, "alert_id": number, "triggered_at": row["triggered_at"] + number} for number in rest]
        connection.execute(insert(schema.alert), alerts)
        to_you = {"recipient": YOU, "channel": "mail", "state": "pending"}
        connection.execute(insert(schema.alert_delivery), [{"alert_id": number, **to_you} for number in rest])
    outbox = outbox_of(day)
    for minute in range(31, 45):
        day.goes(minute)
        outbox.collect()
        attempt(outbox)
    assert Counter(states(day)) == {"sent": 200, "capped": 800}
    messages = [json.loads(row["wire"])["keys"] for row in day.rows("notification")]
    told = [key for keys in messages for key in keys]
    assert [len(keys) for keys in messages] == [50] * 4
    assert len(set(told)) == len(told) == 200


# --- Freezing ---------------------------------------------------------------------------------------------------------------


def test_a_look_at_what_would_go_out_writes_nothing(day):
    day.goes(50, {"5": 3, "1": 9})
    [(group, made)] = outbox_of(day).preview()
    assert (group.recipient, made.subject) == (YOU, "1 alerts")
    assert (states(day), day.rows("notification")) == (["pending"], [])


def test_a_message_is_made_once(day):
    """The same alert under another number shares the fate of the message that told it."""
    day.goes(50, {"5": 3, "1": 9})
    outbox = outbox_of(day)
    outbox.collect()
    for state in ("leased", "sent"):
        twin(day)
        day.goes(51 if state == "leased" else 52)
        outbox.collect()
        assert states(day)[-1] == state
        attempt(outbox)
    assert len(day.rows("notification")) == 1
    assert states(day) == ["sent"] * 3
    assert [row["sent"] for row in day.rows("alert")] == [1, 1, 1]


def twin(meeting):
    with meeting.store.write() as connection:
        row = dict(connection.execute(select(schema.alert)).mappings().first())
        number = len(meeting.rows("alert")) + 1
        connection.execute(insert(schema.alert).values(**{**row, "alert_id": number, "sent": 0, "sent_at": None}))
        alert_sql.add_deliveries(connection, number, [YOU], channel="mail", state="pending", reason=None)


@pytest.mark.parametrize("detail", ["{}", "not json", '{"track_key": 1}', "[]"])
def test_an_alert_that_cannot_be_told_is_dead_and_keeps_up_no_other(day, detail):
    day.goes(50, {"5": 3})
    day.goes(50, {"5": 3}, race=2)
    with day.store.write() as connection:
        connection.execute(update(schema.alert).where(schema.alert.c.alert_id == 1).values(detail=detail))
    outbox_of(day).collect()
    assert states(day) == ["dead", "leased"]
    assert "no message could be made of it" in fates(day)[0][1]


def test_a_text_that_no_header_bears_is_dead(day):
    class Picky(PlainChannel):
        def compose(self, *_):
            raise UnsafeMail("a line end in Subject")

    day.goes(50, {"5": 3})
    outbox_of(day, {"mail": Picky()}).collect()
    assert [state for state, _ in fates(day)] == ["dead"]
    assert "a line end in Subject" in fates(day)[0][1]


def test_what_goes_to_a_channel_that_is_not_there_waits_until_it_expires(day):
    day.recipients = ("pager", YOU)
    day.goes(50, {"5": 3})
    outbox = outbox_of(day)
    outbox.collect()
    assert states(day) == ["pending", "leased"]
    day.goes(106)
    outbox.collect()
    assert states(day)[0] == "expired"


def test_each_channel_has_its_own_queue(day):
    day.recipients = ("pager", YOU)
    day.goes(50, {"5": 3})
    outbox = outbox_of(day, ("mail", "apprise"))
    outbox.collect()
    assert attempt(outbox, DEAD, "apprise") == [("pager", "1 alerts")]
    assert day.rows("alert")[0]["sent"] == 0
    assert attempt(outbox) == [(YOU, "1 alerts")]
    assert day.rows("alert")[0]["sent"] == 1
    assert sorted(states(day)) == ["dead", "sent"]


def test_a_message_lives_as_long_as_the_alert_that_lives_longest(day):
    day.goes(50, {"5": 3, "1": 3, "2": 3})
    with day.store.write() as connection:
        for number, expires in ((1, 7), (2, 9), (3, None)):
            one = schema.alert.c.alert_id == number
            connection.execute(update(schema.alert).where(one).values(expires_at=expires, alert_type="tarot"))
    outbox_of(day).collect()
    assert [row["expires_at"] for row in day.rows("notification")] == [9]


def test_two_events_of_one_board_are_two_keys(day):
    day.goes(50, {"5": 3})
    with day.store.read() as connection:
        [one] = waiting(connection)
    over = dataclasses.replace(one, detail=one.detail.replace('"event": "fired"', '"event": "resolved"'))
    assert told(one).key == f"gulf|2026-05-02|1|short|win_tote|5|fired|{one.triggered_at}"
    assert told(over).key == f"gulf|2026-05-02|1|short|win_tote|5|resolved|{one.triggered_at}"


def test_the_newest_message_of_a_group_counts(day):
    day.rules(rules("{grouping: {near: 0}}"))
    for minute, price in ((20, 3), (21, 9), (22, 3), (23, 9), (24, 3)):
        day.goes(minute, {"5": price, "1": price})
        day.goes(minute + 0.5)
        outbox_of(day).collect()
    assert len(day.rows("notification")) == 3
    with day.store.read() as connection:
        last = standing_of(connection, day.clock.now_ms(), None).last
    assert last == {}
    day.goes(25.4, {"5": 9, "1": 9, "2": 3})
    with day.store.read() as connection:
        last = standing_of(connection, day.clock.now_ms(), None).last
    assert last == {("race:1", YOU, "mail", False): max(row["created_at"] for row in day.rows("notification"))}


# --- Attempts -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(day):
    """An outbox with one message that is due."""
    day.goes(50, {"5": 3})
    outbox = outbox_of(day)
    outbox.collect()
    day.outbox = outbox
    return day


def test_a_server_that_is_down_costs_a_message_nothing(made):
    [before] = made.rows("notification")
    made.goes(51)
    attempt(made.outbox, DOWN)
    [after] = made.rows("notification")
    assert (after["state"], after["attempts"], after["next_at"]) == ("pending", 0, before["next_at"])
    assert after["last_error"] == "transient-server: busy"
    assert after["first_attempt_at"] == made.clock.now_ms()
    made.goes(52)
    attempt(made.outbox)
    [sent] = made.rows("notification")
    assert sent["first_attempt_at"] == after["first_attempt_at"] < sent["accepted_at"]
    assert (sent["state"], sent["attempts"], sent["last_code"]) == ("sent", 1, 250)


def test_a_message_that_is_refused_is_put_off_and_dead_in_the_end(made):
    for number in range(1, MAX_ATTEMPTS):
        assert len(attempt(made.outbox, LATER)) == 1
        [row] = made.rows("notification")
        assert (row["state"], row["attempts"]) == ("pending", number)
        assert 0 <= row["next_at"] - made.clock.now_ms() <= 60_000
        made.goes(50 + number)
    attempt(made.outbox, LATER)
    assert (states(made, "notification"), states(made)) == (["dead"], ["dead"])
    assert fates(made)[0][1] == "transient-message: later"


def test_a_clock_that_was_put_back_holds_up_no_message(made):
    made.goes(55)
    attempt(made.outbox, LATER)
    made.goes(55 - 5000 / 60)
    assert len(attempt(made.outbox)) == 1


def test_what_expires_after_it_was_made_says_why(made):
    [due] = made.outbox.due("mail")
    made.outbox.expire(due, "the race is off (closed)")
    [row] = made.rows("alert_delivery")
    assert (row["state"], row["reason"]) == ("expired", "the race is off (closed)")
    assert made.rows("notification")[0]["state"] == "expired"
    assert made.outbox.due("mail") == []


def test_each_attempt_leaves_its_traces(made):
    now = made.clock.now_ms()
    [due] = made.outbox.due("mail")
    made.outbox.lease([due], "me")
    [row] = made.rows("notification")
    assert (row["lease_owner"], row["lease_until"], row["first_attempt_at"]) == ("me", now + LEASE_MS, now)
    assert row["first_attempt_mono"] is not None
    made.outbox.record(due, LATER, Verdict("again", 7.5))
    [row] = made.rows("notification")
    assert (row["state"], row["next_at"], row["last_code"], row["attempts"]) == ("pending", now + 7500, 451, 1)
    assert row["last_error"] == "transient-message: later"
    made.outbox.record(due, DEAD, Verdict("dead"))
    [row] = made.rows("notification")
    assert (row["state"], row["last_code"], row["last_error"]) == ("dead", 550, "recipient-dead: unknown")
    assert made.rows("alert_delivery")[0]["reason"] == "recipient-dead: unknown"


def test_what_is_final_stays_so(made):
    [due] = made.outbox.due("mail")
    made.outbox.lease([due], "me")
    made.outbox.record(due, ACCEPTED, verdict(ACCEPTED, 1, random.Random(1)))
    before = made.rows("notification"), made.rows("alert_delivery")
    made.outbox.record(due, DEAD, verdict(DEAD, 1, random.Random(1)))
    made.outbox.record(due, LATER, verdict(LATER, 1, random.Random(1)))
    made.outbox.expire(due, "late")
    made.outbox.lease([due], "me")
    made.outbox.hand_back([due])
    assert (made.rows("notification"), made.rows("alert_delivery")) == before
    assert made.outbox.due("mail") == []
    assert made.outbox.unsent() == 0


def test_what_a_dead_sender_left_is_due_at_once_and_its_attempt_counts(made):
    made.outbox.lease(made.outbox.due("mail"), "me")
    made.goes(54)  # its lease has run out
    assert outbox_of(made).free_orphans() == 1
    [due] = made.outbox.due("mail")
    assert (due.attempts, due.next_at) == (1, made.clock.now_ms())
    assert made.rows("notification")[0]["lease_owner"] is None
    assert outbox_of(made).free_orphans() == 0


def test_what_was_leased_and_not_offered_is_as_before(made):
    before = made.rows("notification")
    [due] = made.outbox.due("mail")
    made.outbox.lease([due], "me")
    assert made.outbox.due("mail") == []
    made.outbox.hand_back([due])
    [row] = made.rows("notification")
    assert {**row, "first_attempt_at": None, "first_attempt_mono": None} == before[0]
    assert made.outbox.due("mail") == [due]


# --- What a look costs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    ("query", "arguments", "index"),
    [
        (deliveries.sent_since, [0], "idx_notification_recent"),
        (deliveries.sent_about, [0], "idx_notification_recent"),
        (deliveries.runners_now, [], "idx_alert_delivery_open"),
        (deliveries.untold, [], "idx_alert_delivery_untold"),
        (deliveries.made_for, [YOU, "mail", "daily:2026-05-02", 0], "idx_notification_recent"),
        (deliveries.firing_about_tracks, [], "idx_alert_state_race"),
    ],
)
def test_a_look_reads_no_more_than_it_needs(meeting, query, arguments, index):
    """A mailer looks five times a second, for a season."""
    seen = []
    event.listen(
        meeting.store._database._reader,
        "before_cursor_execute",
        lambda _c, _u, sql, values, *_: seen.append((sql, values)),
    )
    with meeting.store.read() as connection:
        query(connection, *arguments)
        statement, values = seen[0]
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any(index in step for step in plan), plan
    assert not any(step.startswith("SCAN") and "idx_alert_delivery" not in step for step in plan), plan


@pytest.mark.parametrize(("attempts", "bound"), [(1, 2.0), (3, 8.0), (5, 32.0), (6, 60.0), (1000, 60.0)])
def test_a_retry_waits_anything_up_to_a_bound_that_doubles(attempts, bound):
    class Chance(random.Random):
        def uniform(self, a, b):
            return a, b

    assert backoff(attempts, Chance()) == (0, bound)


@pytest.mark.parametrize(
    ("label", "attempts", "state"),
    [
        ("accepted", 20, "sent"),
        ("recipient-dead", 1, "dead"),
        ("transient-message", 19, "again"),
        ("transient-message", 20, "dead"),
        ("in-doubt", 20, "dead"),
        ("transient-server", 999, "again"),
        ("config-error", 999, "again"),
    ],
)
def test_what_becomes_of_a_message_after_an_attempt(label, attempts, state):
    decided = verdict(Outcome(label, None, ""), attempts, random.Random(1))
    assert decided.state == state
    assert (decided.wait > 0) is (state == "again" and label == "transient-message")
