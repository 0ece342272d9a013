"""Many processes, crashes and restarts: the same alerts, each once."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from alerts.engine import Engine, Setting
from alerts.rules import load_rules
from horses_scrapy.items import Source
from horses_scrapy.storage import attempts, outbox, queries, schema
from horses_scrapy.storage.alert_history import earlier_boards
from horses_scrapy.storage.engine import Store

RULES = """
rules:
  - {name: short, kind: win_odds_below, threshold: 3-1, for: 2, step: 0.5}
  - {name: out, kind: win_odds_above, threshold: 8-1}
  - {name: steam, kind: odds_drop, percent: 25, min_pool: 1000}
  - {name: jump, kind: odds_drop, points: 4, against: previous}
  - {name: scratch, kind: scratched}
"""
shown = st.sampled_from([1.5, 2, 2.5, 3, 3.5, 4.5, 6, 9, 15, "99+", "SCR", None])
day = st.lists(
    st.fixed_dictionaries(
        {"1": shown, "5": shown},
        optional={
            "pool": st.sampled_from([500, 5000]),
            "flags": st.just(frozenset({"from_cache"})),
            "out": st.just(["2"]),
        },
    ),
    min_size=1,
    max_size=10,
)


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request):
    return request.param


def store(meeting, minute, board):
    if "out" in board:
        meeting.card(minute - 0.5, out=board["out"])
    prices = {label: board[label] for label in ("1", "5")}
    meeting.board(minute, prices, pool=board.get("pool", 5000), flags=board.get("flags", frozenset()))


def told(meeting):
    return [(row["message"], row["triggered_at"]) for row in meeting.rows("alert")]


QUICK = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LONG = settings(QUICK, max_examples=50)


@pytest.mark.parametrize("kind", ["sqlite"])
@given(day, st.data())
@QUICK
def test_live_late_or_after_a_crash_the_alerts_are_the_same(make_meeting, boards, data):
    """Evaluated board by board, in any batches, or all at the end."""
    replay(make_meeting, boards, data)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite"])
@given(day, st.data())
@LONG
def test_live_late_or_after_a_crash_the_alerts_are_the_same_on_many_days(make_meeting, boards, data):
    replay(make_meeting, boards, data)


def replay(make_meeting, boards, data):
    live, batched, late = make_meeting(), make_meeting(), make_meeting()
    for meeting in (live, batched, late):
        meeting.rules(RULES)
        meeting.card()
    for minute, board in enumerate(boards, 1):
        for meeting in (live, batched, late):
            store(meeting, minute, board)
        live.evaluate()
        if data.draw(st.booleans()):
            batched.evaluate()
    batched.evaluate()
    late.evaluate()
    assert told(live) == told(batched) == told(late)
    assert live.rows("alert_state") == batched.rows("alert_state") == late.rows("alert_state")
    for meeting in (live, batched, late):
        meeting.store.close()


def test_two_processes_at_once_never_fire_twice(meeting):
    meeting.rules("rules: [{name: short, kind: win_odds_below, threshold: 7-2, rearm: 7-2}]")
    for minute in range(1, 21):
        meeting.board(minute, {"5": 3 if minute % 2 else 5})
    rules = load_rules_of(meeting)
    fired, failed = [], []

    def work():
        mine = Store(meeting.store.address)
        try:
            setting = Setting(rules=rules, recipients=("a@example.com",))
            fired.extend(Engine(mine, setting, meeting.clock).evaluate_race(meeting.races[1]))
        except Exception as error:  # noqa: BLE001 (handed to the test)
            failed.append(error)
        finally:
            mine.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert failed == []
    assert len(fired) == len(meeting.rows("alert")) == 10


def load_rules_of(meeting):
    path = meeting.folder / "alerts.yaml"
    path.write_text(meeting.text)
    return load_rules(path)


@pytest.mark.parametrize("table", ["alert", "alert_state", "alert_delivery"])
def test_a_failure_in_the_middle_leaves_the_board_pending(meeting, table):
    """State, alert, delivery and the mark are one transaction."""
    meeting.rules("rules: [{name: short, kind: win_odds_below, threshold: 7-2}]")
    meeting.board(1, {"5": 3})

    class Crash(Exception):
        pass

    def crash(_connection, _cursor, statement, *_):
        if statement.startswith(f"INSERT INTO {table} "):
            raise Crash

    engine = getattr(meeting.store._database, "_writer" if meeting.store.dialect == "sqlite" else "_engine")
    event.listen(engine, "before_cursor_execute", crash)
    with pytest.raises(Crash):
        meeting.evaluate()
    event.remove(engine, "before_cursor_execute", crash)
    assert meeting.rows("alert") == meeting.rows("alert_state") == meeting.rows("alert_delivery") == []
    assert len(meeting.evaluate()) == 1
    assert meeting.evaluate() == []


def test_a_recipient_given_twice_gets_one_delivery(meeting):
    meeting.recipients = ("a@example.com", "a@example.com")
    meeting.rules("rules: [{name: short, kind: win_odds_below, threshold: 7-2}]")
    meeting.play(1, {"5": 3})
    assert len(meeting.rows("alert_delivery")) == 1


@pytest.mark.parametrize("mode", ["disabled", "log_only"])
def test_what_is_not_queued_is_evaluated_and_logged_with_the_reason(meeting, mode):
    meeting.rules("rules: [{name: short, kind: win_odds_below, threshold: 7-2}]")
    meeting.board(1, {"5": 3})
    setting = Setting(rules=load_rules_of(meeting), recipients=("a@example.com",), mode=mode)
    assert len(Engine(meeting.store, setting, meeting.clock).evaluate_race(meeting.races[1])) == 1
    [row] = meeting.rows("alert_delivery")
    assert (row["state"], row["recipient"]) == ("logged", "a@example.com")
    assert ("log_only" if mode == "log_only" else "alerts.enabled") in row["reason"]
    assert len(meeting.rows("alert_state")) == 1


def test_an_event_s_alert_names_its_horse_and_no_number(meeting):
    meeting.rules("rules: [{name: out, kind: scratched, severity: urgent}]")
    meeting.card(0)
    meeting.card(1, out=["5"])
    meeting.evaluate()
    [row] = meeting.rows("alert")
    [entry] = [one for one in meeting.rows("entry") if one["program_number"] == "5"]
    assert (row["entry_id"], row["board_id"], row["subject"]) == (entry["entry_id"], None, "5")
    assert (row["unit"], row["threshold_value"], row["actual_value"], row["previous_value"]) == ("", None, None, None)
    assert (row["event"], row["severity"], row["alert_type"], row["sent"]) == ("fired", "urgent", "scratched", 0)


def test_a_channel_of_the_rule_file_is_reached_by_its_name(meeting):
    meeting.rules(
        "delivery: {channels: {pager: PAGER_URL}}\n"
        "rules: [{name: short, kind: win_odds_below, threshold: 7-2, recipients: [you@example.com, pager]}]"
    )
    meeting.play(1, {"5": 3})
    assert [(row["recipient"], row["channel"]) for row in meeting.rows("alert_delivery")] == [
        ("pager", "apprise"), ("you@example.com", "mail"),
    ]  # fmt: skip


def test_earlier_boards_are_as_the_history_has_them(meeting):
    prices = [{"1": 2, "5": 6}, {"1": 3}, {"1": 3, "5": "SCR"}, {"1": "99+", "5": None}, {"1": 2, "5": 6}]
    for minute, board in enumerate(prices):
        meeting.board(minute, board, pool=1000 + minute if minute != 2 else None)
        meeting.board(minute + 0.5, {"1": 9}, source=Source("other", "decimal", "pool"))
    last = meeting.board(9, {"1": 2})
    with meeting.store.read() as connection:
        source_id = connection.execute(
            select(schema.board.c.source_id).where(schema.board.c.board_id == last)
        ).scalar_one()
        earlier = earlier_boards(connection, last)
        assert len(earlier) == len(prices)
        for board in earlier:
            at = (connection, meeting.races[1], source_id, board.fetched_at)
            assert board.prices == queries.prices_at(*at)
            totals = {name: pool.total for name, pool in queries.pools_at(*at).items()}
            assert {name: total for name, total in board.pools.items() if total is not None} == totals


def test_a_late_card_does_not_hide_a_price_of_before(meeting):
    """What is shown is what the page printed then; the card of later is not projected back."""
    meeting.rules("rules: [{name: short, kind: win_odds_below, threshold: 7-2}]")
    meeting.card(0)
    meeting.card(5, out=["5"])
    meeting.board(6, {"5": 3, "1": 3})
    assert [line[:8] for line in meeting.evaluate()] == ["GP R1 #1"]


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("due", "idx_notification_due"),
        ("waiting", "idx_alert_delivery_open"),
        ("unsent", "idx_notification_due"),
    ],
)
def test_a_look_at_the_outbox_reads_no_finished_mail(meeting, query, index):
    """A mailer looks four times a second, for a season."""
    seen = []
    event.listen(
        meeting.store._database._reader,
        "before_cursor_execute",
        lambda _c, _u, sql, values, *_: seen.append((sql, values)),
    )
    with meeting.store.read() as connection:
        {"due": attempts.due, "waiting": outbox.waiting, "unsent": attempts.unsent}[query](
            connection, *{"due": ["mail", 0], "waiting": [], "unsent": []}[query]
        )
        statement, values = seen[0]
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any(index in step for step in plan), plan
    assert not any(step.startswith("SCAN") and index not in step for step in plan), plan
