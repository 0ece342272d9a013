"""The benchmark of the API measures what it names: its clients, and the day that its sample shows."""

import asyncio
from contextlib import closing

import pytest
from bench_module import module

from horses_scrapy import clock
from horses_scrapy.simulator.bulk import RACES, TRACKS, BulkRace
from horses_scrapy.storage import sqlite

OBSERVED = 50_000


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    return module("frame").Context("api", folder, folder, quick=True)


def test_who_asks_by_the_clock_counts_every_request_and_every_error(context):
    asking, bare = module("asking"), module("bare_app")
    with module("board_home").neighbour(context) as (port, pid):
        assert len(asking.in_turn(port, [bare.PATH] * 5)) == 5
        with pytest.raises(asking.NotOk, match="/none: 404"):
            asking.in_turn(port, ["/none"])
        load = asyncio.run(asking.by_the_clock(port, pid, [bare.PATH, "/none"], 50, 1))
    assert (len(load.taken), load.errors, load.bytes) == (25, 25, 25 * len(bare.CONSTANT))
    assert 1 > min(load.taken) > 0
    assert load.seconds >= 0.98  # the last of 50 is due then


def test_the_sample_shows_a_race_day_on_which_boards_are_still_to_come(context):
    home = module("board_home")
    sample = home.prepared(context, OBSERVED)
    first = BulkRace(sample.plan, sample.plan.races)
    now = clock.from_environment({clock.VARIABLE: sample.clock}).now_ms()
    assert first.opens < now < first.post
    with closing(sqlite.driver().connect(sample.file)) as database:
        today = f"race_date = '{first.date}'"
        assert database.execute(f"SELECT count(*) FROM race WHERE {today}").fetchone() == (TRACKS * RACES,)
        boards = database.execute(
            f"SELECT race_id, count(*), max(fetched_at) FROM board JOIN race USING (race_id) WHERE {today} GROUP BY race_id"
        ).fetchall()
        assert [race_id for race_id, _, _ in boards] == list(sample.open_races)
        assert {count for _, count, _ in boards} == {home.SEEN}
        race, poll = next(sample.boards())
        assert poll.at > max(at for _, _, at in boards if race.lane == 0) - home.EVERY_MS
        assert race.lane == 0
