"""The settings of one process. Seconds unless a name says otherwise; relative paths are relative to `home`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from horses_scrapy.config.tracks import SourceConfig, Track


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Addresses = Annotated[tuple[str, ...], BeforeValidator(_split)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class System(Section):
    database_path: Path = Path("data/horses.db")
    database_url: SecretStr | None = None
    state_dir: Path = Path("data/state")


class Scraping(Section):
    default_interval: Annotated[int, Field(ge=30, le=86_400)] = 300
    near_post_interval: Annotated[int, Field(ge=30, le=86_400)] = 60
    near_post_threshold: Annotated[int, Field(ge=0, le=86_400)] = 600
    after_post_cap: Annotated[int, Field(ge=0, le=86_400)] = 2700


class Scheduler(Section):
    tick: Seconds = 10
    job_timeout: Seconds = 300
    shutdown_timeout: Seconds = 10


class Scrapyd(Section):
    url: Annotated[str, Field(pattern=r"^https?://[^@\s]+$")] = "http://127.0.0.1:6800"
    username: str = "horses"
    password: SecretStr = SecretStr("")
    project: str = "horses"
    timeout: Seconds = 5


class Smtp(Section):
    host: str = "localhost"
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "ssl", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: str = ""
    recipients: Addresses = ()
    connect_timeout: Seconds = 10
    command_timeout: Seconds = 30
    data_timeout: Seconds = 60
    total_timeout: Seconds = 120


class Http(Section):
    contact: str = ""
    delay: Annotated[float, Field(ge=0, le=3600)] = 2.0
    timeout: Seconds = 15
    retry_attempts: Annotated[int, Field(ge=0, le=10)] = 5
    retry_first_wait: Seconds = 5


class Logging(Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    dir: str = "logs"


class Settings(Section):
    """Everything that a process is told. `track_faults` names the track blocks that are broken and so disabled."""

    home: Path
    config_file: Path
    system: System = System()
    scraping: Scraping = Scraping()
    scheduler: Scheduler = Scheduler()
    scrapyd: Scrapyd = Scrapyd()
    smtp: Smtp = Smtp()
    http: Http = Http()
    logging: Logging = Logging()
    sources: dict[str, SourceConfig] = {}
    tracks: dict[str, Track] = {}
    track_faults: tuple[str, ...] = ()

    @property
    def database_path(self) -> Path:
        return self.home / self.system.database_path

    @property
    def state_dir(self) -> Path:
        return self.home / self.system.state_dir

    @property
    def alerts_file(self) -> Path:
        return self.config_file.with_name("alerts.yaml")

    @property
    def enabled_tracks(self) -> dict[str, Track]:
        return {key: track for key, track in self.tracks.items() if track.enabled}


SECTIONS = ("system", "scraping", "scheduler", "scrapyd", "smtp", "http", "logging")
