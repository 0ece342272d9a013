"""An installation without scrapyd: a database, a clock that stands, and jobs that end as a test says."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage import schema
from horses_scrapy.storage.engine import Store, open_store
from horses_scrapy.storage.slots import claim_slot
from horses_scrapy.updates.service import Updates

TRACK = """
  {key}: {{code: {code}, name: {key}, country: {country}, timezone: {zone}, source: {source}, source_key: {code},
    currency: USD, base_url: "http://127.0.0.1:9", enabled: {enabled}}}
"""
SOURCES = "sources: {demo: {}, shut: {enabled: false}}\ntracks:"
TRACKS = (
    {"key": "aqu", "code": "AQU", "country": "US", "zone": "America/New_York", "source": "demo", "enabled": "true"},
    {"key": "ran", "code": "RAN", "country": "AU", "zone": "Australia/Sydney", "source": "demo", "enabled": "true"},
    {"key": "sha", "code": "SHA", "country": "HK", "zone": "Asia/Hong_Kong", "source": "demo", "enabled": "false"},
    {"key": "asc", "code": "ASC", "country": "GB", "zone": "Europe/London", "source": "shut", "enabled": "true"},
)


def at(text: str) -> int:
    """Epoch milliseconds of a time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    now: int = at("2026-03-02 12:00")
    boot: int = at("2026-03-01 00:00")
    rate: float = 1.0
    simulated = False

    def now_ms(self) -> int:
        return self.now

    def monotonic_ms(self) -> int:
        return self.now - self.boot

    def real_seconds(self, seconds: float) -> float:
        return seconds

    def step(self, ms: int) -> None:
        """What an operator does: the wall clock moves, time does not."""
        self.now += ms
        self.boot += ms


@dataclass
class World:
    """What the tests do to it and ask of it."""

    settings: Settings
    store: Store
    clock: SetClock = field(default_factory=SetClock)

    def updates(self) -> Updates:
        """As a new process makes it."""
        return Updates(self.settings, self.store, self.clock)

    def told(self, **updates: object) -> None:
        """Each update's block of config.yaml; those that are not named are disabled."""
        named = self.settings.updates
        blocks = {
            name: named.of(name).model_copy(update={"enabled": name in updates, **updates.get(name, {})})
            for name in named.NAMES
        }
        self.settings = self.settings.model_copy(update={"updates": named.model_copy(update=blocks)})

    def look(self, updates: Updates, text: str | None = None) -> None:
        if text is not None:
            self.clock.now = at(text)
        updates.look(self.clock.now_ms(), self.clock.monotonic_ms())

    def rows(self, table: str) -> list[dict[str, object]]:
        with self.store.read() as connection:
            return [dict(row) for row in connection.execute(select(schema.metadata.tables[table])).mappings()]

    def runs(self, name: str) -> list[dict[str, object]]:
        """The update's, without the row that only says since when it is watched."""
        return [row for row in self.rows("update_run") if row["name"] == name and row["outcome"] != "baseline"]

    def jobs(self) -> list[str]:
        return [row["job_id"] for row in sorted(self.rows("slot"), key=lambda row: (row["due_at"], row["track"]))]

    def start(self, job_id: str) -> int:
        """The crawl of a job: posted, begun, its slot claimed."""
        slot = next(row for row in self.rows("slot") if row["job_id"] == job_id)
        row = {"spider": f"track_{slot['track']}", "track": slot["track"], "job_id": job_id, "kind": slot["kind"]}
        with self.store.write() as connection:
            mine = schema.slot.c.job_id == job_id
            connection.execute(update(schema.slot).where(mine).values(state="posted", posted_at=self.clock.now_ms()))
            run = insert(schema.crawl_run).values(**row, started_at=self.clock.now_ms())
            run_id = connection.execute(run.returning(schema.crawl_run.c.run_id)).scalar_one()
            claim_slot(connection, job_id, run_id)
        return run_id

    def end(self, run_id: int, outcome: str = "ok") -> None:
        with self.store.write() as connection:
            mine = schema.crawl_run.c.run_id == run_id
            ended = {"outcome": outcome, "finished_at": self.clock.now_ms()}
            connection.execute(update(schema.crawl_run).where(mine).values(ended))

    def finish_all(self, outcome: str = "ok") -> None:
        for row in self.rows("slot"):
            if row["run_id"] is None and row["state"] != "failed":
                self.end(self.start(row["job_id"]), outcome)

    def race(
        self, track: str, day: str, number: int, post: str | None = None, status: str = "closed", **more: object
    ) -> int:
        stamps = {"created_at": self.clock.now_ms(), "updated_at": self.clock.now_ms()}
        with self.store.write() as connection:
            known = connection.scalar(select(schema.track.c.track_id).where(schema.track.c.key == track))
            if known is None:
                row = {"key": track, "name": track, "timezone": self.settings.tracks[track].timezone, **stamps}
                known = connection.execute(insert(schema.track).values(row)).inserted_primary_key[0]
            race = {"track_id": known, "race_date": day, "race_number": number, "status": status, **stamps, **more}
            race["post_time"] = None if post is None else at(post)
            return connection.execute(insert(schema.race).values(race)).inserted_primary_key[0]

    def change(self, race_id: int, run_id: int, field: str, old: str | None, new: str | None) -> None:
        row = {"race_id": race_id, "run_id": run_id, "field": field, "old": old, "new": new, "at": self.clock.now_ms()}
        with self.store.write() as connection:
            connection.execute(insert(schema.change).values(row))


def make_settings(home: Path, **environ: str) -> Settings:
    folder = home / "config"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("scrapyd: {url: 'http://127.0.0.1:9', timeout: 1}\nlogging: {dir: '-'}\n")
    (folder / "alerts.yaml").write_text("rules: []\n")
    (folder / "tracks.yaml").write_text(SOURCES + "".join(TRACK.format(**track) for track in TRACKS))
    settings = config.load(folder / "config.yaml", environ={"SCRAPYD_PASSWORD": "correct-horse", **environ})
    assert not settings.track_faults
    return settings


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = make_settings(tmp_path)
    with closing(open_store(settings, Clock())) as store:
        yield World(settings, store)


@pytest.fixture
def machines(tmp_path: Path, postgres_url: str) -> Iterator[tuple[World, World]]:
    """Two that share a PostgreSQL."""
    homes = (tmp_path / "one", tmp_path / "two")
    one, two = (make_settings(home, HORSES_DATABASE_URL=postgres_url) for home in homes)
    with closing(open_store(one, Clock())) as first, closing(open_store(two, Clock())) as second:
        yield World(one, first), World(two, second)
