"""What is kept is what would be made: until something is committed that it shows, and no longer."""

import asyncio
import datetime as dt
import time
from contextlib import closing
from dataclasses import replace

import pytest
from crawl_rows import crawled
from fastapi import Request
from sqlalchemy import text

from horses_scrapy import clock
from horses_scrapy.simulator.items import Witness
from horses_scrapy.storage import writer
from horses_scrapy.storage.version import Version
from horses_scrapy.web import desk as desks
from horses_scrapy.web.desk import Desk, Kept, Made
from horses_scrapy.web.marks import of_race, of_races
from horses_scrapy.web.meters import Meters
from tests.web.conftest import LEDGER, NOW

RACES = "/api/v1/races"
LATER = NOW + dt.timedelta(seconds=30)
AFTER = NOW + dt.timedelta(minutes=10)
"""Race 2 has a result by then."""


def tell(house, sql):
    with house.store.write() as connection:
        connection.execute(text(sql))


def test_a_version_differs_after_a_commit_and_not_before(house):
    version = Version(house.store)
    before = version.now()
    assert version.now() == before
    tell(house, "UPDATE race SET name = 'x' WHERE race_id = 1")
    assert version.now() != before
    version.close()


def test_all_statements_of_a_snapshot_see_the_same_commit(house):
    with house.store.snapshot() as connection:
        before = connection.execute(text("SELECT name FROM race WHERE race_id = 1")).scalar_one()
        tell(house, "UPDATE race SET name = 'another' WHERE race_id = 1")
        assert connection.execute(text("SELECT name FROM race WHERE race_id = 1")).scalar_one() == before
    with house.store.snapshot() as connection:
        assert connection.execute(text("SELECT name FROM race WHERE race_id = 1")).scalar_one() == "another"


# --- For how long -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request):
    return request.getfixturevalue(request.param)


def store(house, what, item, at):
    with house.store.write() as connection:
        what(connection, item, house.settings.tracks["demo"], run_id=None, now_ms=clock.to_ms(at))


def witness(house, at):
    return Witness(LEDGER, house.settings.tracks["demo"], at)


def board(house):
    store(house, writer.store_board, witness(house, LATER).odds(LEDGER.races[2]), LATER)


def card(house):
    item = witness(house, LATER).race(LEDGER.races[2])
    other = replace(item.entries[0], jockey="Another Rider")
    store(house, writer.store_race, replace(item, entries=(other, *item.entries[1:])), LATER)


def scratch(house):
    item = witness(house, LATER).race(LEDGER.races[2])
    out = replace(item.entries[0], status="scratched")
    store(house, writer.store_race, replace(item, entries=(out, *item.entries[1:])), LATER)


def result(house):
    store(house, writer.store_result, witness(house, AFTER).result(LEDGER.races[2]), AFTER)


def payoff(house):
    tell(house, "UPDATE payoff SET payout = payout + 10 WHERE race_id = 1")


ALERT = (
    "INSERT INTO alert (rule, alert_type, scope, race_id, market, subject, unit, message, detail, triggered_at,"
    " created_at, committed_mono) VALUES ('r', 'k', 'race:2', 2, 'win_tote', '1', 'price', 'm', '{}', 0, 0, 0)"
)
DELIVERY = "INSERT INTO alert_delivery (alert_id, recipient, channel, state) SELECT alert_id, 'a', 'mail', 'pending' FROM alert"


def alert(house):
    tell(house, ALERT)


def delivery(house):
    tell(house, "UPDATE alert_delivery SET state = 'sent'")


def primary(house):
    tell(house, "UPDATE race_source SET is_primary = 0 WHERE race_id = 2")


def run(house):
    crawled(house.store, house.clock, "ok", 1)


class Counting:
    """Makes answers that tell how often they were made."""

    def __init__(self, takes=0.0):
        self.times, self._takes = 0, takes

    def __call__(self, _reading):
        self.times += 1
        time.sleep(self._takes)
        return str(self.times)


async def ask(desk, path, work, mark):
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "scheme": "http",
        "server": ("127.0.0.1", 5000),
    }  # fmt: skip
    return await desk.text(Request(scope), "text/plain", work, mark)


def times_made(house, marks, change):
    """How often an answer with each of the marks is made, before and after a change together."""

    async def asked():
        works = [Counting() for _ in marks]
        with closing(Desk(house.settings, house.clock, house.store, Meters())) as desk:
            for then in (lambda _: None, lambda _: None, change):
                then(house)
                for number, (work, mark) in enumerate(zip(works, marks, strict=True)):
                    answer = await ask(desk, f"/{number}", work, mark)
                    assert answer.body == str(work.times).encode()
        return [work.times for work in works]

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("change", "race", "in_lists"),
    [
        (board, 2, True), (card, 2, True), (scratch, 2, True), (result, 2, True), (payoff, 1, False), (alert, 2, True),
        (delivery, 2, False), (primary, 2, None), (run, None, False),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)  # fmt: skip
def test_a_marked_answer_outlives_all_commits_but_those_that_concern_it(any_house, monkeypatch, change, race, in_lists):
    """in_lists: whether a list of races shows it; None: it may be told late."""
    monkeypatch.setattr(desks, "KEEP_S", 60.0)  # only commits are asked about
    if change is delivery:
        tell(any_house, ALERT)
        tell(any_house, DELIVERY)
    first, second, third, lists, unmarked = times_made(
        any_house, [of_race(1), of_race(2), of_race(3), of_races, None], change
    )
    assert [first, second, third] == [1 + (number == race) for number in (1, 2, 3)]
    assert in_lists is None or lists == 1 + in_lists
    if any_house.store.dialect == "sqlite":
        assert unmarked == 2
    else:
        assert (
            unmarked >= 2
        )  # the version is the server's: commits in its other databases, such as other tests', count too


def test_ages_go_on_while_nothing_is_committed(house, monkeypatch):
    monkeypatch.setattr(desks, "KEEP_S", 0.0)

    def ten_seconds(house):
        house.clock.at[0] += dt.timedelta(seconds=10)

    assert times_made(house, [of_race(2), of_races], ten_seconds) == [2, 2]


def test_equal_questions_at_the_same_time_are_answered_once(house):
    async def asked():
        work, other = Counting(0.05), Counting(0.05)
        with closing(Desk(house.settings, house.clock, house.store, Meters())) as desk:
            answers = await asyncio.gather(
                *(ask(desk, "/same", work, None) for _ in range(20)), ask(desk, "/other", other, None)
            )
        assert {answer.body for answer in answers} == {b"1"}
        return work.times, other.times

    assert asyncio.run(asked()) == (1, 1)


def test_who_leaves_takes_the_answer_from_nobody(house):
    async def asked():
        work = Counting(0.1)
        with closing(Desk(house.settings, house.clock, house.store, Meters())) as desk:
            leaving = asyncio.create_task(ask(desk, "/same", work, None))
            staying = asyncio.create_task(ask(desk, "/same", work, None))
            await asyncio.sleep(0.02)
            leaving.cancel()
            return (await staying).body, work.times

    assert asyncio.run(asked()) == (b"1", 1)


# --- How much -----------------------------------------------------------------------------------------------------------


def made(size, packed=None):
    return Made(b"x" * size, '"e"', "1", 0.0, packed=packed)


def held(kept, names):
    return [name for name in names if kept.get((name, "", "")) is not None]


def test_kept_bytes_are_bounded_and_what_nobody_asks_for_goes_first():
    kept = Kept(most_bytes=100)
    for name in "abc":
        kept.put((name, "", ""), made(30))
    kept.get(("a", "", ""))
    kept.put(("d", "", ""), made(30))
    assert held(kept, "abcd") == ["a", "c", "d"]
    for _ in range(5):
        kept.put(("a", "", ""), made(40))  # the same one anew
    assert held(kept, "acd") == ["a", "c", "d"]
    kept.put(("a", "", ""), made(40, packed=b"y" * 10))
    assert held(kept, "acd") == ["a", "d"]
    kept.put(("e", "", ""), made(101))
    assert held(kept, "ade") == []
    kept.put(("f", "", ""), made(100))
    assert held(kept, "f") == ["f"]


# --- Who asks again -----------------------------------------------------------------------------------------------------


def dressed(answer):
    return answer.status_code, answer.content, sorted(answer.headers.multi_items())


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("path", [RACES, "/", "/races/2", "/api/v1/races/2/odds?format=csv"])
def test_a_kept_answer_is_the_first_one_again(house, path, encoding):
    answers = [house.get(path, headers={"Accept-Encoding": encoding}) for _ in range(3)]
    assert dressed(answers[0]) == dressed(answers[1]) == dressed(answers[2])
    assert "Accept-Encoding" in answers[0].headers["vary"]
    assert (answers[0].headers.get("content-encoding") == "gzip") == (encoding == "gzip")


def test_an_answer_depends_on_what_is_accepted(house):
    path = f"{RACES}/2/odds"
    for _ in range(2):
        assert house.get(path, headers={"Accept": "text/csv"}).headers["content-type"].startswith("text/csv")
        assert house.json(path, headers={"Accept": "application/json"})["race_id"] == 2


@pytest.mark.parametrize("path", [RACES, "/"])
def test_who_has_the_answer_is_told_so_until_there_is_another(house, path):
    etag = house.get(path).headers["etag"]
    for _ in range(3):
        answer = house.get(path, 304, headers={"If-None-Match": etag})
        assert (answer.content, answer.headers["etag"]) == (b"", etag)
    house.look(LATER)
    newer = house.get(path, headers={"If-None-Match": etag})
    assert newer.headers["etag"] != etag
    assert house.get(path).content == newer.content


def test_what_is_kept_is_for_those_with_the_key(house_of):
    house = house_of(API_KEY="k" * 24)
    given = {"Authorization": f"Bearer {'k' * 24}"}
    for _ in range(3):
        house.get(RACES, headers=given)
        house.get(RACES, 401)


def test_an_answer_is_compressed_once(house, monkeypatch):
    calls, pack = [], desks.packed
    monkeypatch.setattr(desks, "packed", lambda body: calls.append(body) or pack(body))
    for number in range(4):
        house.get("/races/1", headers={"Accept-Encoding": "gzip"})
        tell(house, f"UPDATE race SET name = '{number}' WHERE race_id = 3")
    assert len(calls) == 1
