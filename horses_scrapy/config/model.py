"""The settings of one process. Seconds unless a name says otherwise; relative paths are relative to `home`."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from horses_scrapy.config.block import Address, Block, Line, address, split
from horses_scrapy.config.cadence import Scraping
from horses_scrapy.config.tracks import RateLimit, SourceConfig, Track
from horses_scrapy.config.updates import Updates

_URL = r"^https?://[^@\s]+$"


def _once(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(addresses))  # one mail each, however often one is named


def _address_or_none(text: str) -> str:
    return address(text) if text else text


def _file(path: Path) -> Path:
    if not path.name:
        raise ValueError("the path of a file or folder is expected")
    return path


def _url(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("sqlite:", "postgresql:", "postgresql+")):
        raise ValueError("a database URL is expected that starts with postgresql:// or sqlite:///")
    return secret


def _web_url(url: str) -> str:
    if url and re.fullmatch(_URL, url) is None:
        raise ValueError("an http or https URL is expected")
    return url.rstrip("/")


def _ping(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    if url and not url.startswith(("http://", "https://")):
        raise ValueError("an http or https URL is expected")
    return secret


Addresses = Annotated[tuple[Address, ...], BeforeValidator(split), AfterValidator(_once)]
Location = Annotated[Path, AfterValidator(_file)]
Name = Annotated[Line, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class System(Block):
    """dry_run: every command that writes or sends only says what it would do."""

    database_path: Location = Path("data/horses.db")
    database_url: Annotated[SecretStr, AfterValidator(_url)] | None = None
    database_direct_url: Annotated[SecretStr, AfterValidator(_url)] | None = None
    state_dir: Location = Path("data/state")
    dry_run: bool = False


class Database(Block):
    """batch_size: items or rows of one transaction in work in bulk; query_timeout: of one read."""

    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 100
    query_timeout: Seconds = 300
    backup_dir: Location = Path("data/backups")


class Scheduler(Block):
    """tick: looks at least this often. window: how long one job polls by itself where the cadence is under 60 s; 0: never.

    ping_url: asked once a minute while the scheduler is well, for a dead-man switch; who knows it can silence the alarm.
    """

    tick: Seconds = 10
    job_timeout: Seconds = 300
    shutdown_timeout: Seconds = 10
    window: Annotated[int, Field(ge=0, le=3600)] = 300
    ping_url: Annotated[SecretStr, AfterValidator(_ping)] = SecretStr("")


class Scrapyd(Block):
    """nodes: further scrapyds that share one queue with the first (PostgreSQL). memory_limit: MB of one job."""

    url: Annotated[str, Field(pattern=_URL)] = "http://127.0.0.1:6800"
    nodes: Annotated[tuple[Annotated[str, Field(pattern=_URL)], ...], BeforeValidator(split)] = ()
    username: Name = "horses"
    password: SecretStr = SecretStr("")
    project: Name = "horses"
    timeout: Seconds = 5
    runner: Literal["fork", "lean"] = "fork"
    memory_limit: Annotated[int, Field(ge=100, le=100_000)] = 200

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.url, *self.nodes)))


class Smtp(Block):
    host: Name = "localhost"
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "ssl", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: Annotated[str, AfterValidator(_address_or_none)] = ""
    recipients: Addresses = ()
    connect_timeout: Seconds = 10
    command_timeout: Seconds = 30
    data_timeout: Seconds = 60
    total_timeout: Seconds = 120


class Alerts(Block):
    """enabled: false evaluates and logs, and queues nothing; so does log_only, for those who only want the history."""

    enabled: bool = True
    log_only: bool = False


class Http(Block):
    contact: Line = ""
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 0.5
    burst: Annotated[int, Field(ge=1, le=1000)] = 1
    timeout: Seconds = 15
    retry_attempts: Annotated[int, Field(ge=0, le=10)] = 5
    retry_first_wait: Seconds = 5
    blocked_wait: Seconds = 900
    card_cache: Annotated[int, Field(ge=0, le=300)] = 300
    archive_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    budget_per_minute: Annotated[int, Field(ge=1)] | None = None
    budget_per_day: Annotated[int, Field(ge=1)] | None = None

    @property
    def rate_limit(self) -> RateLimit:
        """Of hosts whose source has none of its own."""
        return RateLimit(requests_per_second=self.requests_per_second, burst=self.burst)


class Logging(Block):
    """dir: `-` for the console alone. megabytes, keep: of one file, and how many older ones. format: of the files."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    dir: Name = "logs"
    format: Literal["text", "json"] = "text"
    megabytes: Annotated[int, Field(ge=1, le=1000)] = 10
    keep: Annotated[int, Field(ge=1, le=1000)] = 14
    error_megabytes: Annotated[int, Field(ge=1, le=1000)] = 5
    error_keep: Annotated[int, Field(ge=1, le=1000)] = 3


class Api(Block):
    """The board and its API. public_url: where people reach it; mails lead there. key: needed beyond loopback.

    requests_per_second, burst: of one client; streams: open at a time, by all. allowed_origins: pages of others that may
    ask (CORS). trusted_proxies: addresses whose X-Forwarded-For tells who asks.
    """

    host: Name = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 5000
    public_url: Annotated[str, AfterValidator(_web_url)] = ""
    key: SecretStr = SecretStr("")
    requests_per_second: Annotated[float, Field(gt=0, le=10_000)] = 20
    burst: Annotated[int, Field(ge=1, le=100_000)] = 100
    streams: Annotated[int, Field(ge=1, le=10_000)] = 500
    allowed_origins: Annotated[tuple[Annotated[str, Field(pattern=_URL)], ...], BeforeValidator(split)] = ()
    trusted_proxies: Annotated[tuple[Name, ...], BeforeValidator(split)] = ()


class Settings(Block):
    """Everything that a process is told.

    `track_faults` names the track blocks that are broken and so disabled; `credentials` holds the values of the variables
    that the sources' `auth` names, as far as they are set.
    """

    home: Path
    config_file: Path
    system: System = System()
    database: Database = Database()
    scraping: Scraping = Scraping()
    scheduler: Scheduler = Scheduler()
    scrapyd: Scrapyd = Scrapyd()
    smtp: Smtp = Smtp()
    alerts: Alerts = Alerts()
    http: Http = Http()
    updates: Updates = Updates()
    api: Api = Api()
    logging: Logging = Logging()
    sources: dict[str, SourceConfig] = Field(default_factory=dict)
    tracks: dict[str, Track] = Field(default_factory=dict)
    track_faults: tuple[str, ...] = ()
    credentials: dict[str, SecretStr] = Field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Frozen. Scrapy copies its settings twice for a crawl, with all that is in them."""
        return self

    @property
    def database_path(self) -> Path:
        return self.home / self.system.database_path

    @property
    def backup_dir(self) -> Path:
        return self.home / self.database.backup_dir

    @property
    def state_dir(self) -> Path:
        return self.home / self.system.state_dir

    @property
    def alerts_file(self) -> Path:
        return self.config_file.with_name("alerts.yaml")

    @property
    def archive_dir(self) -> Path:
        """Responses as they came, by run (http.archive_days)."""
        return self.database_path.with_name("archive")

    @property
    def enabled_tracks(self) -> dict[str, Track]:
        """Tracks that are watched: they and their sources are enabled."""
        return {
            key: track for key, track in self.tracks.items() if track.enabled and self.sources[track.source].enabled
        }

    def watching(self, keys: Collection[str]) -> "Settings":
        """The same with only these tracks enabled, of those that are."""
        tracks = {
            key: track if key in keys else track.model_copy(update={"enabled": False})
            for key, track in self.tracks.items()
        }
        return self.model_copy(update={"tracks": tracks})

    def cadence(self, track: str) -> Scraping:
        """How often the track is polled: `scraping` with the track's own changes, and nothing below its source's floor."""
        told = self.tracks[track]
        floor = self.sources[told.source].shortest_interval
        return self.scraping.with_changes(told.cadence).at_least(floor)

    def rate_limit(self, source: str) -> RateLimit:
        """How often the source's host may be asked."""
        return self.sources[source].rate_limit or self.http.rate_limit


SECTIONS = (
    "system",
    "database",
    "scraping",
    "scheduler",
    "scrapyd",
    "smtp",
    "alerts",
    "http",
    "updates",
    "api",
    "logging",
)
