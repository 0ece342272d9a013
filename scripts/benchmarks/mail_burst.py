"""A burst of alerts to a mailer of its own, and the same mails by a bare smtplib loop.

Each round puts one alert for each of so many groups (race and recipient) into a database of its own in one transaction,
shortly before the post, where nothing waits; scripts/mailer.py runs beside it as a process, caps off.
"""

import datetime as dt
import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from aiosmtpd.controller import Controller
from sqlalchemy import func, select

from alerts.wording.detail import Detail
from horses_scrapy.clock import Clock, to_ms
from horses_scrapy.config import Settings, Track
from horses_scrapy.errors import StoreError
from horses_scrapy.items import RaceItem, Source
from horses_scrapy.storage import alerts, writer
from horses_scrapy.storage.alerts import NewAlert
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.schema import alert, alert_delivery, notification

ROOT = Path(__file__).resolve().parents[2]
TRACK = Track(
    key="gulf", code="GP", name="Gulf Downs", country="US", timezone="America/New_York", source="demo",
    source_key="GP", base_url="http://127.0.0.1:1", currency="USD",
)  # fmt: skip
RULES = "rules: []\ndelivery: {caps: {race: null, hour: null, day: null}}\n"
PEOPLE = 10
PATIENCE = 120.0
"""Seconds for one round."""


def burst(folder: Path, groups: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from each alert's commit to the acceptance of its mail, and those of each bare loop over the same mails."""
    with _server() as port:
        home = _home(folder, port)
        with closing(open_store(home, Clock())) as store:
            with _mailer(home):
                for number in range(rounds + 1):  # the first one warms up
                    _round(store, number, groups)
            taken, wires = _measured(store, since=groups)
        bare = [_bare_loop(port, wires[:groups]) for _ in range(rounds)]
    return taken, bare


# --- What is sent ------------------------------------------------------------------------------------------------------


def _home(folder: Path, port: int) -> Settings:
    config = folder / "config"
    config.mkdir(parents=True)
    (config / "config.yaml").write_text(f"smtp: {{host: 127.0.0.1, port: {port}, security: none}}\n")
    (config / "tracks.yaml").write_text("sources: {}\ntracks: {}\n")
    (config / "alerts.yaml").write_text(RULES)
    return Settings.model_validate({"home": folder, "config_file": config / "config.yaml"})


def _round(store: Store, number: int, groups: int) -> None:
    """Alerts of races that nobody has heard of, and the wait until all are sent."""
    races = [_race(store, 1 + number * groups + each) for each in range(-(-groups // PEOPLE))]
    now = Clock().now_ms()
    with store.write() as connection:
        for group in range(groups):
            race_id, race_number = races[group // PEOPLE]
            alert_id = alerts.add_alert(connection, _alert(race_id, race_number, now))
            to = (f"someone{group % PEOPLE}@example.com",)
            alerts.add_deliveries(connection, alert_id, to, channel="mail", state="pending", reason=None)
    until = time.monotonic() + PATIENCE
    while _sent(store) < (number + 1) * groups:
        if time.monotonic() > until:
            raise StoreError(f"not all mails were sent within {PATIENCE:g} s")
        time.sleep(0.05)


def _race(store: Store, number: int) -> tuple[int, int]:
    """A race of its own day, that the post is four minutes away."""
    now = dt.datetime.now(dt.UTC)
    item = RaceItem(
        track=TRACK.key, race_date=now.date() - dt.timedelta(days=number), race_number=1 + number % 20,
        source=Source("demo", "board", "display"), source_key=str(number), url="https://track.example/race",
        fetched_at=now, post_time=now + dt.timedelta(minutes=4), status="open",
    )  # fmt: skip
    with store.write() as connection:
        return writer.store_race(connection, item, TRACK, run_id=None, now_ms=to_ms(now)), item.race_number


def _alert(race_id: int, race_number: int, now_ms: int) -> NewAlert:
    told = _detail(race_number, now_ms)
    return NewAlert(
        rule="short", alert_type="win_odds_below", severity="watch", event="fired", scope=f"race:{race_id}",
        race_id=race_id, entry_id=None, market="win_tote", subject="5", unit="odds", threshold_value=3500,
        actual_value=3000, previous_value=6000, message=told.text, detail=told.to_json(), triggered_at=now_ms,
        board_id=None, expires_at=now_ms + 3_600_000, created_at=now_ms, committed_mono=Clock.monotonic_ms(),
    )  # fmt: skip


def _detail(race_number: int, now_ms: int) -> Detail:
    """With a path of 30 boards: a picture is drawn for each mail."""
    path = tuple((now_ms - (29 - each) * 60_000, 7000 - 100 * each) for each in range(30))
    return Detail(
        track_key=TRACK.key, track_code=TRACK.code, track_name=TRACK.name, timezone=TRACK.timezone,
        race_date="2026-05-02", race_number=race_number, post_time=now_ms + 240_000, url="https://track.example/race",
        source="demo", rule="short", kind="win_odds_below", severity="watch", event="fired", what="#5", who="Dancer",
        move="6-1 -> 3-1", condition="below 7-2", minutes=4, pool="5,000.00 USD (win)",
        points="14.3 -> 25.0 (+10.7)", notes=("3-1 is the floor of a range",), basis="display", notation="board",
        path=path, expected=None, fetched_at=now_ms, source_time=now_ms - 12_000,
    )  # fmt: skip


# --- What is measured --------------------------------------------------------------------------------------------------


def _sent(store: Store) -> int:
    with store.read() as connection:
        query = select(func.count()).select_from(notification).where(notification.c.state == "sent")
        return int(connection.execute(query).scalar_one())


def _measured(store: Store, *, since: int) -> tuple[list[float], list[tuple[str, str]]]:
    """Seconds from each alert's commit to its acceptance, without the first `since`; and (recipient, wire) of each."""
    query = (
        select(notification.c.accepted_mono - alert.c.committed_mono, notification.c.recipient, notification.c.wire)
        .join_from(alert_delivery, alert)
        .join(notification, notification.c.notification_id == alert_delivery.c.notification_id)
        .order_by(alert.c.alert_id)
        .offset(since)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [row[0] / 1000 for row in rows], [(row.recipient, row.wire) for row in rows]


def _bare_loop(port: int, wires: Sequence[tuple[str, str]]) -> float:
    began = time.monotonic()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for recipient, wire in wires:
            server.sendmail("from@example.com", recipient, wire.encode("ascii"))
    return time.monotonic() - began


class _Taker:
    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802 (aiosmtpd's name)
        return "250 taken"


class _AnyPort(Controller):
    """Its check that it answers goes to the port that the system gave it."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def _server() -> Iterator[int]:
    controller = _AnyPort(_Taker(), hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def _mailer(home: Settings) -> Iterator[None]:
    mail = {"EMAIL_SENDER": "from@example.com", "EMAIL_RECIPIENT": "you@example.com"}
    process = subprocess.Popen(  # noqa: S603 (our own script)
        [
            sys.executable,
            str(ROOT / "scripts" / "mailer.py"),
            "--config",
            str(home.config_file),
            "--log-level",
            "WARNING",
        ],
        env=os.environ | mail,
        cwd=ROOT,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
