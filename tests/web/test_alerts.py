"""The list of alerts says what the database holds, and why a mail came or did not."""

import datetime as dt
import re
import shutil
from contextlib import closing
from types import SimpleNamespace

import pytest
from alerting import Alerting
from sqlalchemy import insert, select, update

from horses_scrapy import config
from horses_scrapy.clock import Clock, from_ms, to_ms
from horses_scrapy.storage.engine import open_store
from horses_scrapy.storage.schema import alert, alert_delivery, metadata
from horses_scrapy.web.facts.alerts import masked

ANN, BOB = "ann@demo.example", "bob@demo.example"
NOW = dt.datetime(2026, 5, 2, 17, 17, tzinfo=dt.UTC)
"""Of the house: three minutes before the post of race 2."""
OF_OURSELVES = {
    "rule": "stale", "alert_type": "stale_source", "severity": "urgent", "event": "fired", "scope": "track:demo",
    "market": "", "subject": "", "unit": "minutes", "threshold_value": 10_000, "actual_value": 12_500,
    "message": "DEMO no board for 12 min [stale_source: stale]", "detail": "{}", "sent": 0, "created_at": 1,
    "committed_mono": 1,
}  # fmt: skip


class Stopped(Clock):
    def now_ms(self) -> int:
        return to_ms(NOW)


@pytest.fixture(scope="module")
def card_file(card_file, tmp_path_factory):
    """With alerts of races 1 and 2, one about ourselves, one of a pair; deliveries of several ends."""
    folder = tmp_path_factory.mktemp("alerts")
    path = shutil.copy(card_file, folder / "card.db")
    now = Stopped()
    settings = config.load(environ={"DB_PATH": str(path)})
    with closing(open_store(settings, now)) as store:
        alerting = Alerting(SimpleNamespace(store=store, clock=now, settings=settings), folder)
        for race_id in (1, 2):
            alerting.evaluate(race_id)
        store_others(store)
    return path


def store_others(store) -> None:
    of = {**OF_OURSELVES, "triggered_at": to_ms(NOW)}
    pair = {**of, "rule": "pair", "alert_type": "exacta_payout_below", "severity": "info", "scope": "race:3",
            "race_id": 3, "subject": "1-2", "unit": "payout", "threshold_value": 2000, "actual_value": 1550,
            "previous_value": 4010}  # fmt: skip
    with store.write() as connection:
        own = connection.execute(insert(alert).values(of).returning(alert.c.alert_id)).scalar_one()
        connection.execute(insert(alert).values(pair))
        why = "550 <ann@demo.example> unknown"
        dead = {"alert_id": own, "recipient": ANN, "channel": "mail", "state": "dead", "reason": why}
        capped = {**dead, "recipient": "phone", "channel": "apprise", "state": "capped"}
        connection.execute(insert(alert_delivery), [dead, capped])


@pytest.fixture
def told(house):
    """alert_id -> row."""
    return rows(house)


def rows(house) -> dict[int, dict]:
    races, tracks = metadata.tables["race"], metadata.tables["track"]
    query = (
        select(alert, races.c.race_date, tracks.c.key)
        .outerjoin(races, races.c.race_id == alert.c.race_id)
        .outerjoin(tracks, tracks.c.track_id == races.c.track_id)
    )
    with house.store.read() as connection:
        found = {row["alert_id"]: {**row, "states": set()} for row in connection.execute(query).mappings()}
        for each in connection.execute(select(alert_delivery)):
            found[each.alert_id]["states"].add(each.state)
    return found


def listed(house, query="") -> list[dict]:
    return house.json(f"/api/v1/alerts?limit=500&{query}")["alerts"]


HALFWAY = 1_777_742_400_000 - 240_000
AT = from_ms(HALFWAY).isoformat().replace("+00:00", "Z")


FILTERS = (
    ("", lambda _: True),
    ("race=2", lambda row: row["race_id"] == 2),
    ("race=99", lambda _: False),
    ("track=DEMO", lambda row: "demo" in {row["key"], row["scope"].removeprefix("track:")}),
    ("track=other", lambda _: False),
    ("date=2026-05-02", lambda row: row["race_date"] == "2026-05-02"),
    ("date=2026-05-03", lambda _: False),
    ("rule=stale", lambda row: row["rule"] == "stale"),
    ("kind=win_odds_below", lambda row: row["alert_type"] == "win_odds_below"),
    ("severity=urgent", lambda row: row["severity"] == "urgent"),
    ("state=dead", lambda row: "dead" in row["states"]),
    ("state=sent&race=1", lambda row: "sent" in row["states"] and row["race_id"] == 1),
    ("state=expired", lambda row: "expired" in row["states"]),
    (f"since={AT}", lambda row: row["triggered_at"] >= HALFWAY),
    (f"until={AT}", lambda row: row["triggered_at"] < HALFWAY),
    (f"since={AT}&until={AT}", lambda _: False),
)


def test_a_filter_gives_what_fits_the_newest_first(house, told):
    for query, fits in FILTERS:
        found = [each["alert_id"] for each in listed(house, query)]
        assert found == sorted((key for key, row in told.items() if fits(row)), reverse=True), query


def test_the_filters_of_these_tests_divide(told):
    """Else they would prove nothing."""
    assert {row["race_id"] for row in told.values()} == {1, 2, 3, None}
    assert {row["triggered_at"] < HALFWAY for row in told.values()} == {True, False}
    assert {state for row in told.values() for state in row["states"]} == {"sent", "expired", "dead", "capped"}


def test_an_alert_is_what_is_stored_of_it(house, told):
    for each in listed(house, "race=2"):
        row = told[each["alert_id"]]
        names = ("rule", "severity", "event", "market", "subject", "message")
        assert {name: each[name] for name in names} == {name: row[name] for name in names}
        assert dt.datetime.fromisoformat(each["triggered_at"]) == from_ms(row["triggered_at"])
        assert each["values"]["actual"] * 1000 == row["actual_value"]
        assert each["race"]["race_number"] == 2
        assert each["race"]["track"]["key"] == "demo"


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("stale", {"unit": "minutes", "threshold": 10.0, "actual": 12.5, "previous": None}),
        ("pair", {"unit": "payout", "threshold": 20.0, "actual": 15.5, "previous": 40.1}),
    ],
)
def test_numbers_are_in_the_unit_that_they_name(house, told, rule, values):
    assert [each["values"] for each in listed(house, f"rule={rule}")] == [values]


def test_who_was_told_and_why_not_without_giving_addresses_away(house, told):
    (own,) = listed(house, "rule=stale")
    assert own["race"] is None
    assert own["deliveries"] == [
        {"channel": "apprise", "recipient": "phone", "state": "capped", "reason": "550 <a..@demo.example> unknown", "sent_at": None},
        {"channel": "mail", "recipient": "a..@demo.example", "state": "dead", "reason": "550 <a..@demo.example> unknown", "sent_at": None},
    ]  # fmt: skip
    whole = house.get("/api/v1/alerts?limit=500").text + house.get("/alerts").text
    assert ANN not in whole
    assert BOB not in whole
    sent = next(each for each in listed(house, "state=sent"))
    assert dt.datetime.fromisoformat(sent["deliveries"][0]["sent_at"]) == house.clock.now()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("you@demo.example", "y..@demo.example"), ("y@a.b", "y..@a.b"), ("phone", "phone"), ("", ""),
        ("to <a.b+c@d.e>, f@g.h", "to <a..@d.e>, f..@g.h"), ("O'Brien at 3-1", "O'Brien at 3-1"),
    ],
)  # fmt: skip
def test_an_address_is_masked_wherever_it_stands(text, shown):
    assert masked(text) == shown


def test_parts_follow_each_other_and_hold_everything_once(house, told):
    path, found = "/api/v1/alerts?limit=7&race=2", []
    while path is not None:
        answer = house.json(path)
        found += [each["alert_id"] for each in answer["alerts"]]
        path = answer["page"]["next"]
    assert found == [each["alert_id"] for each in listed(house, "race=2")]
    assert answer["page"]["total"] == len(found) > 7


def test_a_silence_is_told_as_the_reason(house, told):
    with house.store.write() as connection:
        state = {"state": "muted", "reason": "silence 3 by Ann: <b>walk-over</b>"}
        connection.execute(update(alert_delivery).where(alert_delivery.c.state == "dead").values(state))
    page = house.get("/alerts?state=muted").text
    assert "silence 3 by Ann: &lt;b&gt;walk-over&lt;/b&gt;" in page
    assert len(re.findall(r'<tr role="row" id="alert-\d+"', page)) == 1


def test_the_page_shows_what_the_list_holds_and_links_to_races(house, told):
    page = house.get("/alerts").text
    shown = [int(key) for key in re.findall(r'id="alert-(\d+)"', page)]
    assert shown == sorted(told, reverse=True)[:50]
    assert 'href="/races/2"' in page
    assert 'data-stream="/api/v1/stream"' in page
    older = re.search(r'href="(/alerts\?[^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    assert f'id="alert-{sorted(told, reverse=True)[50]}"' in house.get(older).text


def test_empty_fields_of_the_form_filter_nothing_and_filled_ones_do(house, told):
    page = house.get("/alerts?track=demo&date=&state=dead&severity=&kind=&rule=").text
    assert re.findall(r'id="alert-(\d+)"', page) == [str(key) for key in told if told[key]["rule"] == "stale"]
    assert '<option value="dead" selected>' in page
    assert "No alert fits this" in house.get("/alerts?rule=none").text


REFUSED = (
    "date=yesterday", "date=1e9", "state=gone", "race=0", "race=x", "rule=a%27b", "since=5", "until=1969-12-31T23:59:59Z", "since=2026-05-02T10:00", "limit=0",
     "limit=501", "offset=-1", "track=%00", "kind=%F0%9F%90%8E", f"rule={'x' * 41}",
)  # fmt: skip


def test_what_cannot_be_is_refused(house):
    for query in REFUSED:
        house.get(f"/api/v1/alerts?{query}", 400)
        if "limit" not in query:
            house.get(f"/alerts?{query}", 400)
