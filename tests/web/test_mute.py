"""From the bytes of a mail, over its link, to the next alert, which does not come."""

import datetime as dt
import re

import pytest
from alerting import Alerting, links
from sqlalchemy import func, select, update

from alerts.mute_link import Muting, read_token, token_of
from alerts.tools.silences import show
from horses_scrapy.clock import to_ms
from horses_scrapy.storage import alert_reader
from horses_scrapy.storage import silences as sql
from horses_scrapy.storage.queries import races_of_day
from horses_scrapy.storage.schema import board, change
from horses_scrapy.storage.silences import every
from horses_scrapy.storage.version import Version

KEY = "a key of twenty characters"
ANN, BOB = "ann@demo.example", "bob@demo.example"


@pytest.fixture
def house(house_of):
    return house_of(API_KEY=KEY, HORSES_API__PUBLIC_URL="http://127.0.0.1:5000")


@pytest.fixture
def race(house):
    """The second: three minutes before its post."""
    with house.store.read() as connection:
        now = house.clock.now_ms()
        return next(race for race in races_of_day(connection, "demo", now, now + 3_600_000) if race.race_number == 2)


@pytest.fixture
def alerting(house, race, tmp_path):
    """The newest board of the race was told; the others take long and say no more."""
    with house.store.write() as connection:
        newest = select(func.max(board.c.board_id)).where(board.c.race_id == race.race_id).scalar_subquery()
        connection.execute(update(board).where(board.c.board_id != newest).values(evaluated_at=1))
        connection.execute(update(change).values(evaluated_at=1))
    made = Alerting(house, tmp_path)
    made.evaluate(race.race_id)
    return made


def later(house, seconds=30) -> None:
    house.look(house.clock.now() + dt.timedelta(seconds=seconds))


def states(house, race) -> dict[tuple[str, str], tuple[str, str | None]]:
    """(recipient, horse) -> state and reason of the newest delivery."""
    with house.store.read() as connection:
        alerts = {each.alert_id: each for each in alert_reader.alerts_of(connection, [race.race_id])}
        found = alert_reader.deliveries_of(connection, list(alerts))
    return {(each.recipient, alerts[each.alert_id].subject): (each.state, each.reason) for each in found}


def silences(house):
    with house.store.read() as connection:
        return every(connection)


def test_the_next_alert_of_a_muted_horse_is_muted_for_who_asked_and_for_nobody_else(house, alerting, race):
    what, link = next((what, link) for what, link in links(alerting.mail_to(ANN)).items() if what != "this race")
    horse = what.removeprefix("#")
    assert f"Mute {what}?" in house.get(link).text
    assert silences(house) == []

    answer = house.client.post(link, data={"until": "off"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, link)
    shown = house.get(link).text
    assert "Muted until" in shown
    assert ANN in shown

    later(house)
    alerting.evaluate(race.race_id)
    found = states(house, race)
    reason = "silence 1 by mute link: asked for by a link in a mail"
    assert found[ANN, horse] == ("muted", reason)
    assert found[BOB, horse] == ("sent", None)
    others = {subject for _, subject in found} - {horse}
    assert others
    assert {found[ANN, other][0] for other in others} == {"sent"}


def test_a_muted_race_is_muted_as_a_whole(house, alerting, race):
    house.client.post(links(alerting.mail_to(BOB))["this race"], data={"until": "hour"})
    later(house)
    alerting.evaluate(race.race_id)
    assert {(who, state) for (who, _), (state, _) in states(house, race).items()} == {(ANN, "sent"), (BOB, "muted")}


def test_undo_sends_them_again(house, alerting, race):
    link = links(alerting.mail_to(ANN))["this race"]
    house.client.post(link, data={"until": "day"})
    action = re.search(r'action="(/mute/[^"]+/undo)"', house.get(link).text)[1]
    later(house, 10)
    assert "Mute this race?" in house.client.post(action).text
    later(house, 20)
    alerting.evaluate(race.race_id)
    assert {state for state, _ in states(house, race).values()} == {"sent"}


def test_twice_is_once_and_another_time_takes_the_place_of_the_first(house, alerting, race, capsys):
    link = links(alerting.mail_to(ANN))["this race"]
    for until in ("off", "off", "day", "day"):
        assert house.client.post(link, data={"until": until}).status_code == 200
    now = house.clock.now_ms()
    active = [each for each in silences(house) if each.ends_at > now]
    assert [each.matchers for each in active] == [{"race": "demo/2", "date": "2026-05-02", "recipient": ANN}]
    assert show(house.settings, house.clock, every=False) == 0
    assert f"recipient={ANN}" in re.sub(r"\s+", "", capsys.readouterr().out.replace("│", ""))


def ends(house, link, until) -> int:
    house.client.post(link, data={"until": until})
    return max(silences(house), key=lambda each: each.silence_id).ends_at


def test_until_when(house, alerting, race):
    link = links(alerting.mail_to(ANN))["this race"]
    assert ends(house, link, "off") == race.post_time + 45 * 60_000
    assert ends(house, link, "hour") == house.clock.now_ms() + 3_600_000
    assert ends(house, link, "day") == to_ms(dt.datetime(2026, 5, 3, 4, 0, tzinfo=dt.UTC))  # midnight in New York


def test_reading_changes_nothing(house, alerting):
    """Mail scanners follow every link, with GET and HEAD."""
    version = Version(house.store)
    before = version.now()
    for link in links(alerting.mail_to(ANN)).values():
        house.get(link)
        house.client.head(link)
    assert silences(house) == []
    assert version.now() == before
    version.close()


def token(house, **fields) -> str:
    now = house.clock.now_ms()
    muting = Muting(**{"race_id": 1, "program": None, "recipient": ANN, "not_after": now + 1000, **fields})
    return token_of(muting, house.settings.api.key)


@pytest.mark.parametrize(
    ("made", "status", "words"),
    [
        (lambda house: token(house)[:-1], 404, "not whole"),
        (lambda house: "x" + token(house), 404, "not whole"),
        (lambda _: "%00", None, ""),
        (lambda _: "x" * 3000, None, ""),
        (lambda house: token(house, race_id=99), 410, "is over"),
        (lambda house: token(house, not_after=house.clock.now_ms()), 410, "is over"),
    ],
)
def test_a_link_that_is_forged_or_over_is_refused_and_changes_nothing(house, made, status, words):
    path = f"/mute/{made(house)}"
    asked = [house.client.get(path), house.client.post(path, data={"until": "off"}), house.client.post(f"{path}/undo")]
    for answer in asked:
        assert answer.status_code == status if status else 400 <= answer.status_code < 500
        assert words in answer.text
        assert answer.headers["content-type"].startswith("text/html")
    assert silences(house) == []


@pytest.mark.parametrize("data", [{}, {"until": "ever"}, {"until": ""}, {"until": "off\0"}])
def test_a_form_that_is_not_ours_is_refused(house, data):
    assert house.client.post(f"/mute/{token(house)}", data=data).status_code == 400
    assert silences(house) == []


def test_a_board_without_a_key_mutes_nothing(house_of, house):
    open_board = house_of()
    assert open_board.client.get(f"/mute/{token(house)}").status_code == 404


def test_another_silence_is_none_of_a_link_s_business(house, alerting, race):
    link = links(alerting.mail_to(ANN))["this race"]
    muting = read_token(link.removeprefix("/mute/"), house.settings.api.key)
    now = house.clock.now_ms()
    with house.store.write() as connection:
        of = {"race": "demo/2", "recipient": muting.recipient}
        sql.add(connection, matchers=of, starts_at=now, ends_at=now + 1000, created_by="Ann", comment="by hand")
    assert "Mute this race?" in house.get(link).text
    house.client.post(f"{link}/undo")
    assert silences(house)[0].ends_at == now + 1000
