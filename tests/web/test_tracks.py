"""What is watched, and whether it brings what its card promises."""

import datetime as dt

import pytest
import stored_sample
from crawl_rows import crawled, watching
from sqlalchemy import text

from horses_scrapy.clock import Clock, from_ms
from horses_scrapy.config import Settings
from horses_scrapy.storage import health, source_facts, status_facts, track_facts
from horses_scrapy.storage.engine import Store, address_of

BROKEN = "  nowhere:\n    code: NOW\n    source: demo\n    timezone: Mars/Olympus"


def track(house, key="demo"):
    return next(one for one in house.json("/api/v1/tracks")["tracks"] if one["key"] == key)


def posts(house):
    with house.store.read() as connection:
        return [at for (at,) in connection.execute(text("SELECT post_time FROM race ORDER BY post_time"))]


def test_a_track_that_brings_its_card(house):
    found = track(house)
    assert {name: found[name] for name in ("code", "name", "country", "source", "enabled", "state", "reason")} == {
        "code": "DMO", "name": "Synthetic Downs", "country": "US", "source": "demo", "enabled": True, "state": "ok",
        "reason": None,
    }  # fmt: skip
    assert (found["races_today"], found["last_run"], found["freshness"]["age_seconds"]) == (3, None, 0)
    assert dt.datetime.fromisoformat(found["next_post"]) == from_ms(posts(house)[1])


def test_races_of_the_track_s_own_day_are_counted(house):
    """22:17 in New York is tomorrow in UTC."""
    house.look(house.clock.at[0] + dt.timedelta(hours=9))
    assert (track(house)["races_today"], track(house)["next_post"]) == (3, None)
    house.look(house.clock.at[0] + dt.timedelta(hours=2))
    assert track(house)["races_today"] == 0


@pytest.mark.parametrize(
    ("minutes", "runs", "state", "reason"),
    [
        (0, [("ok", 10)], "ok", None),
        (0, [("no_card", 10)], "ok", None),
        (0, [("blocked", 20), (None, 1)], "degraded", "the last crawl ended with blocked"),
        (0, [("blocked", 20), ("ok", 1)], "ok", None),
        (0, [("skipped", 1)], "ok", "the last crawl was skipped"),
        (8, [], "degraded", "no board for 8 min"),
        (8, [("lost", 300)], "degraded", "no board for 8 min: the last crawl ended with lost"),
        (8, [("ok", 20)], "ok", None),
        (600, [("ok", 9000)], "idle", "no board is due now"),
        (600, [("unavailable", 60)], "degraded", "the last crawl ended with unavailable"),
        (600, [("skipped", 60)], "idle", "the last crawl was skipped"),
    ],
)
def test_what_makes_a_track_degraded(house, minutes, runs, state, reason):
    house.clock.at[0] += dt.timedelta(minutes=minutes)
    for outcome, ago in runs:
        crawled(house.store, house.clock, outcome, ago)
    assert (track(house)["state"], track(house)["reason"]) == (state, reason)


def test_a_crawl_that_read_a_part(house):
    crawled(house.store, house.clock, "ok", degraded=1, reason="8 of 10 win odds of active runners")
    assert (track(house)["state"], track(house)["last_run"]["reason"]) == (
        "degraded", "8 of 10 win odds of active runners",
    )  # fmt: skip


def test_a_dead_source_degrades_its_own_tracks_alone(house_of, tmp_path):
    house = house_of(**watching(tmp_path, "randwick", "flemington", "sha_tin"))
    for key, outcome in (("randwick", "unavailable"), ("flemington", "blocked"), ("sha_tin", "no_card")):
        crawled(house.store, house.clock, outcome, track=key)
    states = {one["key"]: one["state"] for one in house.json("/api/v1/tracks")["tracks"] if one["enabled"]}
    assert states == {"demo": "ok", "randwick": "degraded", "flemington": "degraded", "sha_tin": "idle"}
    assert {one["name"]: one["state"] for one in house.json("/api/v1/sources")["sources"] if one["tracks"]} == {
        "demo": "ok", "tab_au": "degraded", "hkjc": "idle",
    }  # fmt: skip


def test_failures_since_the_last_success(house):
    for outcome, ago in (("blocked", 9), ("skipped", 20), ("timeout", 30), ("no_card", 40), ("lost", 50)):
        crawled(house.store, house.clock, outcome, ago)
    assert track(house)["failures_in_a_row"] == 2


def test_what_is_not_watched_says_why(house_of, tmp_path):
    assert track(house_of(), "sha_tin")["reason"] == "disabled in tracks.yaml"
    house = house_of(**watching(tmp_path, broken=BROKEN))
    (fault, *_) = house.json("/api/v1/tracks")["faults"]
    assert fault.startswith("tracks.yaml:")
    assert "tracks.nowhere" in fault
    assert str(tmp_path) not in fault


def test_a_server_answers_the_same_questions(postgres_url, tmp_path):
    told = {"home": tmp_path, "config_file": tmp_path / "config.yaml", "system": {"database_url": postgres_url}}
    settings = Settings.model_validate(told)
    store = Store(address_of(settings))
    with store.write() as connection:
        stored_sample.fill(connection)
    now = round(stored_sample.at(130).timestamp() * 1000)
    crawled(store, Clock(), "blocked", (Clock().now_ms() - now) / 1000, track="other")
    with store.snapshot() as connection:
        assert track_facts.cards_around(connection, now)[0].races >= 1
        assert track_facts.newest_prices(connection, ["demo"], now)["demo"] <= now
        assert track_facts.newest_board(connection) is not None
        assert {each.source for each in source_facts.flagged_boards(connection, now)} == {"demo"}
        assert source_facts.failures_in_a_row(connection, {"a": ["other"], "b": ["none"]}) == {"a": 1, "b": 0}
        assert source_facts.ended_runs(connection, ["other"], now) == [source_facts.Ended("other", "blocked", 1, 1)]
        assert health.last_runs(connection, ["other", "none"])["other"].outcome == "blocked"
        assert status_facts.database_facts(connection).size_bytes > 0
        assert status_facts.rejected_items(connection, now) == 0
        assert status_facts.open_deliveries(connection) >= 0
    store.close()
