"""What is muted until a time."""

import pytest

from horses_scrapy.storage import silences


def add(store, starts_at, ends_at, **matchers):
    with store.write() as connection:
        return silences.add(
            connection, matchers=matchers, starts_at=starts_at, ends_at=ends_at, created_by="Ann", comment="why"
        )


def active(store, at):
    with store.read() as connection:
        return [one.silence_id for one in silences.active(connection, at)]


def test_a_silence_comes_back_as_it_was_added(store):
    key = add(store, 1000, 2000, track="AQU", horse="Écurie")
    with store.read() as connection:
        [one] = silences.every(connection)
    assert one == silences.Silence(
        silence_id=key,
        matchers={"track": "AQU", "horse": "Écurie"},
        starts_at=1000,
        ends_at=2000,
        created_by="Ann",
        comment="why",
    )


@pytest.mark.parametrize(("at", "which"), [(999, []), (1000, [1]), (1500, [1, 2]), (2000, [2]), (2500, [])])
def test_which_are_active(store, at, which):
    add(store, 1000, 2000, track="a")
    add(store, 1500, 2500, track="b")
    assert active(store, at) == which


def test_one_that_is_ended_early_stays_in_the_list(store):
    key = add(store, 1000, 2000, track="a")
    with store.write() as connection:
        assert silences.expire(connection, key, 1500)
        assert not silences.expire(connection, key, 1600)
    assert (active(store, 1499), active(store, 1500)) == ([key], [])
    with store.read() as connection:
        assert [one.ends_at for one in silences.every(connection)] == [1500]


def test_one_that_has_not_begun_never_does(store):
    key = add(store, 1000, 2000, track="a")
    with store.write() as connection:
        assert silences.expire(connection, key, 500)
    assert active(store, 1000) == []


def test_the_newest_stands_first(store):
    add(store, 1000, 2000, track="a")
    add(store, 1, 2, track="b")
    with store.read() as connection:
        assert [one.silence_id for one in silences.every(connection)] == [2, 1]
