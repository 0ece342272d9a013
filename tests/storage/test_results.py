import pytest
from sqlalchemy import select

from horses_scrapy.errors import StoreError
from horses_scrapy.storage import schema
from horses_scrapy.storage.result_reader import Paid, Placed, ResultView, result_view

TOLD = (None, "result", None, "official")


def placed(connection):
    joined = select(schema.entry.c.program_number, schema.result.c.position, schema.result.c.status).join(
        schema.entry, schema.entry.c.entry_id == schema.result.c.entry_id
    )
    return {row.program_number: (row.position, row.status) for row in connection.execute(joined)}


def paid(connection):
    return {
        (row.bet_type, row.combination): (row.payout, row.base, row.status)
        for row in connection.execute(select(schema.payoff))
    }


@pytest.fixture
def connection(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card(status="closed"))
        yield connection


def test_a_result(connection, meeting):
    race_id = meeting.put(connection, meeting.result(1900), now_ms=3)
    race = connection.execute(select(schema.race)).one()
    assert (race.race_id, race.status, race.official_at, race.updated_at) == (race_id, "official", meeting.ms(1900), 3)
    assert placed(connection) == {"2": (1, "official"), "1": (2, "official"), "10": (3, "official")}
    assert paid(connection) == {("win", "2"): (420, 200, "official"), ("exacta", "2-1"): (1370, 200, "official")}
    assert meeting.changes(connection) == [(None, "status", "closed", "official"), TOLD]


def test_the_same_result_again_touches_nothing(connection, meeting):
    meeting.put(connection, meeting.result(1900))
    before = meeting.dump(connection)
    meeting.put(connection, meeting.result(1960), now_ms=9**13)
    assert meeting.dump(connection) == before


def test_unofficial_then_official(connection, meeting):
    meeting.put(connection, meeting.result(1850, status="unofficial", payoffs={}))
    meeting.put(connection, meeting.result(1900))
    assert set(placed(connection).values()) == {(1, "official"), (2, "official"), (3, "official")}
    assert [one[1:] for one in meeting.changes(connection)] == [
        ("status", "closed", "unofficial"),
        ("status", "unofficial", "official"),
        TOLD[1:],
    ]


def test_a_disqualification(connection, meeting):
    meeting.put(connection, meeting.result(1850, ("2", "1", "10"), status="unofficial"))
    meeting.put(connection, meeting.result(1900, ("1", "10")))
    assert placed(connection) == {"1": (1, "official"), "10": (2, "official")}
    assert paid(connection) == {("win", "1"): (420, 200, "official"), ("exacta", "1-10"): (1370, 200, "official")}
    assert sorted(meeting.changes(connection)[2:], key=repr) == sorted(
        [
            ("2", "position", "1", None),
            ("1", "position", "2", "1"),
            ("10", "position", "3", "2"),
            (None, "payoff:win:2", "420 for 200 USD", None),
            (None, "payoff:exacta:2-1", "1370 for 200 USD", None),
            (None, "payoff:win:1", None, "420 for 200 USD"),
            (None, "payoff:exacta:1-10", None, "1370 for 200 USD"),
            TOLD,
        ],
        key=repr,
    )


def test_a_payoff_that_is_corrected(connection, meeting):
    meeting.put(connection, meeting.result(1900, payoffs={("win", "2"): 420, ("exacta", "2-1"): 1370}))
    meeting.put(connection, meeting.result(1960, payoffs={("win", "2"): 440}))
    assert paid(connection) == {("win", "2"): (440, 200, "official"), ("exacta", "2-1"): (1370, 200, "official")}
    assert meeting.changes(connection)[2:] == [(None, "payoff:win:2", "420 for 200 USD", "440 for 200 USD")]


def test_official_is_not_undone_by_unofficial(connection, meeting):
    meeting.put(connection, meeting.result(1900))
    before = meeting.dump(connection)
    meeting.put(connection, meeting.result(1960, ("10", "1"), status="unofficial"))
    assert meeting.dump(connection) == before


def test_a_dead_heat(connection, meeting):
    from horses_scrapy.items import Finisher  # noqa: PLC0415

    item = meeting.result(1900)
    heat = (Finisher(position=1, program_number="2"), Finisher(position=1, program_number="1A"))
    meeting.put(connection, type(item)(**{name: getattr(item, name) for name in item.__slots__} | {"finishers": heat}))
    assert placed(connection) == {"2": (1, "official"), "1A": (1, "official")}


def test_another_sources_result_stands_beside(connection, meeting):
    meeting.put(connection, meeting.result(1900, ("2", "1"), source=meeting.other))
    assert connection.scalar(select(schema.race.c.status)) == "closed"
    assert meeting.changes(connection) == []
    meeting.put(connection, meeting.result(1960, ("1", "2")))
    assert meeting.changes(connection)[-1] == TOLD
    assert len(connection.execute(select(schema.result)).all()) == 4


def test_an_unknown_number_is_named(store, meeting):
    said = r"demo 2026-05-02 R1: the result names 7, 8, which"
    with store.write() as connection:
        meeting.put(connection, meeting.card())
        before = meeting.dump(connection)
    with pytest.raises(StoreError, match=said), store.write() as connection:
        meeting.put(connection, meeting.result(1900, ("7", "2", "8")))
    with store.read() as connection:
        assert meeting.dump(connection) == before


def test_the_first_official_result_is_told_once(connection, meeting):
    for seconds, order, status in [
        (1850, ("2", "1"), "unofficial"),
        (1900, (), "official"),
        (1910, ("1", "2"), "official"),
        (1920, ("2", "1"), "official"),
        (1930, ("1", "10"), "official"),
    ]:
        meeting.put(connection, meeting.result(seconds, order, status=status, payoffs={}))
        told = [one for one in connection.execute(select(schema.change)) if one.field == "result"]
        assert [one.at for one in told] == ([meeting.ms(1910)] if seconds >= 1910 else [])


def test_a_result_of_before_there_were_such_changes_is_not_told(connection, meeting):
    meeting.put(connection, meeting.result(1900))
    connection.execute(schema.change.delete().where(schema.change.c.field == "result"))
    meeting.put(connection, meeting.result(1960, ("1", "2")))
    assert TOLD not in meeting.changes(connection)


def test_the_result_as_it_is_read(connection, meeting):
    race_id = meeting.put(connection, meeting.card(status="closed"))
    assert result_view(connection, race_id) is None
    meeting.put(connection, meeting.result(1890, ("10", "2"), source=meeting.other))
    assert result_view(connection, race_id) is None
    meeting.put(connection, meeting.result(1900, ("2", "1A")))
    assert result_view(connection, race_id) == ResultView(
        finishers=(Placed(1, "2", "Bravo"), Placed(2, "1A", "Alphabet")),
        payoffs=(Paid("exacta", "2-1A", 200, 1370, "USD"), Paid("win", "2", 200, 420, "USD")),
    )
