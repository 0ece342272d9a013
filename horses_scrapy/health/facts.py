"""What must hold before anything is scheduled. Each fact is checked by doing it."""

from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from horses_scrapy.config import Settings
from horses_scrapy.errors import ScrapydError, StoreError
from horses_scrapy.health.nodes import LONGEST_WAIT_MS, Node, Nodes
from horses_scrapy.health.scrapyd import ScrapydClient
from horses_scrapy.storage.engine import Store


@dataclass(frozen=True, slots=True)
class Fault:
    """A check that failed, and what is wrong. One that is not fatal concerns single tracks: the others go on."""

    check: str
    text: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.check}: {self.text}"


def client_of(settings: Settings) -> Nodes:
    """None is left alone for longer than a tick: what comes back is found within two."""
    told, longest_ms = settings.scrapyd, min(LONGEST_WAIT_MS, round(settings.scheduler.tick * 1000))
    password = told.password.get_secret_value()
    clients = (ScrapydClient(url, told.username, password, told.project, told.timeout) for url in told.urls)
    return Nodes([Node(client, longest_ms) for client in clients])


def check(settings: Settings, store: Store) -> list[Fault]:
    """Every fault found; none: healthy."""
    return [*database_faults(store), *scrapyd_faults(client_of(settings), settings)]


def database_faults(store: Store) -> list[Fault]:
    try:
        with store.write():
            return []
    except (StoreError, SQLAlchemyError, OSError) as error:
        return [Fault("database", f"{store.banner()} cannot be written: {error}")]


def scrapyd_faults(client: Nodes, settings: Settings) -> list[Fault]:
    """Also makes scrapyd read the spiders now, so that the first job near a post does not wait for it."""
    try:
        client.daemonstatus()
        if client.is_open():
            return [Fault("scrapyd", f"{client.url} answers without a password: start it with scripts/run_scrapyd.py")]
        spiders = client.listspiders()
    except ScrapydError as error:
        return [Fault("scrapyd", str(error))]
    return [
        Fault("spiders", f"scrapyd has no spider {spider}; it has {', '.join(sorted(spiders))}", fatal=False)
        for spider in sorted({f"track_{key}" for key in settings.enabled_tracks} - spiders)
    ]
