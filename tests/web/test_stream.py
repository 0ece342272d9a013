"""Streams of news: what was committed comes, once it was committed, and nothing is missed."""

import asyncio
import datetime as dt
import time
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import board_of, listening, served
from sqlalchemy import insert, text

from horses_scrapy import clock
from horses_scrapy.storage import alerts, schema
from horses_scrapy.web.app import create_app
from horses_scrapy.web.stream import hub
from horses_scrapy.web.stream.client import MOST_WAITING, Client, Wants
from horses_scrapy.web.stream.news import MOST_BEHIND, Event
from horses_scrapy.web.stream.trail import GIVE_UP_S, Trail, Trails

SOON = dt.timedelta(seconds=30)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def serve():
    """A house's application on a port of its own: its URL."""
    with ExitStack() as open_servers:
        yield lambda house: open_servers.enter_context(board_of(house))


@pytest.fixture
def url(house, serve):
    return serve(house)


def change(race_id=2, field="jockey", **values):
    told = {"race_id": race_id, "field": field, "old": "A", "new": "B", "at": 1}
    return insert(schema.change).values({**told, **values})


def alert(scope, race_id=None, message="3-1 -> 2-1"):
    return alerts.NewAlert(
        rule="drop", alert_type="odds_drop", severity="watch", event="fired", scope=scope, race_id=race_id, entry_id=None,
        market="win_tote", subject="3", unit="percent", threshold_value=1, actual_value=1, previous_value=None,
        message=message, detail="{}", triggered_at=2, board_id=None, expires_at=None, created_at=2, committed_mono=0,
    )  # fmt: skip


def commit(store, *statements):
    with store.write() as connection:
        for each in statements:
            connection.execute(each)


def commit_alert(store, scope, race_id=None):
    with store.write() as connection:
        return alerts.add_alert(connection, alert(scope, race_id))


def within(seconds, holds):
    until = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.05)
    return held


def rows(store, query):
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def fields_of(events, name="field"):
    return [event.data.get(name) for event in events]


# --- What comes --------------------------------------------------------------------------------------------------------


def test_a_board_comes_with_the_prices_that_it_changed(house, url):
    with listening(url, "?race=2") as stream:
        assert stream.next().kind == "hello"
        at = house.clock.now() + SOON
        house.look(at)
        board = stream.next()
    (stored,) = rows(house.store, f"SELECT board_id FROM board WHERE race_id = 2 AND fetched_at = {clock.to_ms(at)}")
    changed = rows(
        house.store,
        "SELECT i.label, p.price FROM price_change p JOIN betting_interest i USING (interest_id)"
        f" WHERE p.board_id = {stored[0]} AND p.market = 0",
    )
    assert board.kind == "board"
    assert (board.data["board_id"], board.data["race_id"], board.data["race_number"]) == (*stored, 2, 2)
    assert dt.datetime.fromisoformat(board.data["fetched_at"]) == at
    told = {
        (one["label"], round(one["odds"]["decimal"] * 1000))
        for one in board.data["prices"]
        if one["market"] == "win_tote"
    }
    assert changed
    assert told == set(changed)


def test_it_comes_within_a_second(house, url):
    with listening(url) as stream:
        stream.next()
        began = time.monotonic()
        commit(house.store, change())
        assert stream.next().data["field"] == "jockey"
        assert time.monotonic() - began < 1


TOLD = {
    "": ["of race 1", "of race 2", "race:2", "track:demo", "source:demo"],
    "?race=2": ["of race 2", "race:2"],
    "?track=demo": ["of race 1", "of race 2", "race:2", "track:demo"],
    "?track=other": [],
    "?race=1&track=other": [],
}


def test_a_stream_tells_what_it_is_asked_for(house, url):
    with house.store.write() as connection:
        connection.execute(text("INSERT INTO track SELECT 99, 'other', 'Other', NULL, NULL, NULL, 'UTC', 1, 1"))
    with ExitStack() as open_streams:
        streams = {query: open_streams.enter_context(listening(url, query)) for query in TOLD}
        for stream in streams.values():
            stream.next()
        with house.store.write() as connection:
            connection.execute(change(1, "of race 1"))
            connection.execute(change(2, "of race 2"))
            for scope, race_id in (("race:2", 2), ("track:demo", None), ("source:demo", None)):
                alerts.add_alert(connection, alert(scope, race_id, message=scope))
        time.sleep(0.5)
        heard = {query: stream.heard_within(0.1) for query, stream in streams.items()}
    told = {query: [one.data.get("field") or one.data["message"] for one in events] for query, events in heard.items()}
    assert told == TOLD


def test_text_of_a_site_is_one_line_of_data(house, url):
    with listening(url) as stream:
        stream.next()
        commit(house.store, change(new="a\nevent: reset\r\n\rdata: {}\u2028\N{RIGHT-TO-LEFT OVERRIDE}<b>"))
        assert stream.next().data["new"] == "a\nevent: reset\r\n\rdata: {}\u2028\N{RIGHT-TO-LEFT OVERRIDE}<b>"


# --- Going on ----------------------------------------------------------------------------------------------------------


def test_who_comes_again_is_told_what_was_missed_and_no_more(house, url):
    with listening(url, "?race=2") as stream:
        stream.next()
        commit(house.store, change(field="seen"))
        last = stream.next().id
    commit(house.store, change(field="missed"), change(3, "of another race"), change(field="missed, too"))
    with listening(url, "?race=2", last=last) as stream:
        assert [stream.next().kind, *fields_of([stream.next(), stream.next()])] == ["hello", "missed", "missed, too"]
        commit(house.store, change(field="new"))
        assert stream.next().data["field"] == "new"


def test_whatever_id_a_stream_broke_off_at_nothing_is_missed(house, url):
    """Boards, changes and alerts of several commits, with times that do not follow their ids."""
    with listening(url) as stream:
        first = stream.next().id
        house.look(house.clock.now() + SOON)
        commit(house.store, change(field="late", at=1), change(field="later", at=clock.to_ms(house.clock.now()) + 9))
        commit_alert(house.store, "race:2", 2)
        house.look(house.clock.now() - 2 * SOON - dt.timedelta(seconds=7))
        told = stream.heard_within(1)
    ids = [first, *(event.id for event in told)]
    assert {event.kind for event in told} == {"board", "change", "alert"}
    for count, last in enumerate(ids):
        with listening(url, last=last) as stream:
            stream.next()
            again = [stream.next().data for _ in told[count:]]
        assert all(event.data in again for event in told[count:])


def test_a_quiet_streams_id_moves_on(house, url, monkeypatch):
    monkeypatch.setattr(hub, "ALIVE_S", 0.2)
    with listening(url, "?race=1") as stream:
        first = stream.next().id
        commit(house.store, *(change(2) for _ in range(3)))
        assert stream.heard_within(0.7) == []
        moved = stream.id
    with listening(url) as stream:
        assert moved == stream.next().id != first


@pytest.mark.parametrize("last", ["99999-1-1", "1-2", "a b", "-1-1-1", "9" * 79, "1-1-999999999999999999"])
def test_an_id_that_is_not_of_this_database_is_answered_with_a_reset(url, last):
    with listening(url, last=last) as stream:
        assert [stream.next().kind, stream.next().kind] == ["hello", "reset"]


def test_far_behind_a_reset_is_all_that_comes(house, url):
    with listening(url) as stream, listening(url, "?race=3") as other:
        first = [stream.next().id, other.next().id][0]
        commit(house.store, *(change() for _ in range(MOST_BEHIND + 1)))
        reset = stream.next()
        assert (reset.kind, other.next().kind) == ("reset", "reset")
        commit(house.store, change(field="and on"))
        assert stream.next().data["field"] == "and on"
    with listening(url, last=first) as stream:
        assert [stream.next().kind, stream.next().kind] == ["hello", "reset"]
    with listening(url, last=reset.id) as stream:
        assert fields_of([stream.next(), stream.next()]) == [None, "and on"]


# --- Where ids are not committed in their order -----------------------------------------------------------------------


@contextmanager
def beside(store):
    """A transaction that waits for no other writer; committed by COMMIT."""
    with store._database._engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        yield connection


def test_of_two_open_transactions_the_later_one_may_commit_first(postgres_house, serve):
    url, store = serve(postgres_house), postgres_house.store
    with listening(url) as stream, beside(store) as slow, beside(store) as quick:
        first = stream.next().id
        slow.execute(change(1, "lower id"))
        quick.execute(change(1, "higher id"))
        quick.exec_driver_sql("COMMIT")
        higher = stream.next()
        assert higher.data["field"] == "higher id"
        assert higher.id == first, "what is under way may still come"
        slow.exec_driver_sql("COMMIT")
        lower = stream.next()
        assert lower.data["change_id"] == higher.data["change_id"] - 1
        assert lower.id != first
    with listening(url, last=higher.id) as stream:
        assert fields_of([stream.next(), stream.next(), stream.next()]) == [None, "lower id", "higher id"]
    with listening(url, last=lower.id) as stream:
        assert [event.kind for event in stream.heard_within(0.5)] == ["hello"]


def test_what_was_under_way_when_the_first_stream_began_comes(postgres_house, serve):
    with beside(postgres_house.store) as slow:
        slow.execute(change(1, "lower id"))
        commit(postgres_house.store, change(1, "higher id"))
        with listening(serve(postgres_house)) as stream:
            stream.next()
            slow.exec_driver_sql("COMMIT")
            assert stream.next().data["field"] == "lower id"


@given(st.lists(st.lists(st.integers(1, 40), max_size=8), max_size=12), st.integers(0, 40))
def test_in_whatever_order_ids_are_committed_each_is_told_and_no_mark_passes_one_that_was_not(commits, start):
    """A look after each commit; the same id is committed once."""
    there = set(range(1, start + 1))
    trail, told = Trail(start), set(there)
    for number, ids in enumerate(commits):
        there |= set(ids)
        found = {one for one in there - told if one > trail.top or one in trail.missing}
        assert found == there - told
        trails = Trails({"board": Trail(0), "alert": Trail(0), "change": trail.after(found, number)})
        trail = trails.of["change"]
        for one, mark in zip(sorted(found), trails.marks([("change", one) for one in sorted(found)]), strict=True):
            told.add(one)
            assert all(each in told for each in range(1, mark.change + 1))
    assert trail.low >= start


def test_an_id_that_nobody_commits_is_given_up():
    trail = Trail(5).after({7}, now=100)
    assert (trail.low, set(trail.missing)) == (5, {6})
    assert trail.after(set(), now=100 + GIVE_UP_S - 1).low == 5
    assert trail.after(set(), now=100 + GIVE_UP_S).low == 7


# --- Many, slow, and the end -------------------------------------------------------------------------------------------


def test_more_streams_than_may_be_open_are_refused_until_one_ends(house_of, serve):
    house = house_of()
    few = house.settings.api.model_copy(update={"streams": 2})
    house.settings = house.settings.model_copy(update={"api": few})
    url = serve(house)
    with listening(url) as first, listening(url):
        with listening(url) as refused:
            assert refused.response.status == 503
            assert b'"too_many_streams"' in refused.response.read()
        first.next()
    assert within(5, lambda: _greets(url))


def _greets(url):
    with listening(url) as stream:
        return stream.response.status == 200 and stream.next().kind == "hello"


async def _drained(client):
    told = []
    while (wire := await client.next()) is not None:
        told.append(wire)
    return told


def test_a_client_that_does_not_read_is_reset_and_left():
    client = Client(Wants())
    for number in range(MOST_WAITING + 50):
        client.give(b"event %d" % number, b"reset")
    assert asyncio.run(_drained(client)) == [b"reset"]


def test_what_waits_is_sent_before_the_end():
    client = Client(Wants(race=2))
    for race_id in (1, 2, None):
        event = Event(race_id, "demo", b"of %s " % str(race_id).encode())
        if client.wants.has(event):
            client.give(event.wire, b"reset")
    client.end()
    assert asyncio.run(_drained(client)) == [b"of 2 "]


def test_a_server_that_stops_ends_its_streams(house):
    with ExitStack() as server:
        url = server.enter_context(board_of(house))
        with listening(url) as stream:
            stream.next()
            began = time.monotonic()
            server.close()
            assert stream.next() is None
            assert time.monotonic() - began < 2


def test_an_idle_application_watches_nothing(house, serve):
    app = create_app(house.settings, house.clock, house.store)
    with served(app) as url:
        with listening(url) as stream:
            stream.next()
            assert app.state.hub._watching is not None
        assert within(3, lambda: app.state.hub._watching is None)
        commit(house.store, change(field="between"))
        with listening(url) as stream:
            stream.next()
            commit(house.store, change(field="after"))
            assert stream.next().data["field"] == "after"
