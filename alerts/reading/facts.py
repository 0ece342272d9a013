"""What rules about ourselves are asked with, and what they find. Values in thousandths of the rule's own unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from alerts.rules.policy import Grouping
from horses_scrapy.storage.mail_facts import MailFacts
from horses_scrapy.storage.system_facts import TrackFacts

MINUTE_MS = 60_000

Standing = Literal["breach", "between", "over"]


@dataclass(frozen=True, slots=True)
class Fault:
    """The database refused a write of this process."""

    at: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """One of what polls need. at: since when it fails, None where it works; lasts_ms: the real milliseconds since then.

    told: scrapyd's last words, the jobs of windows that did not start.
    """

    subject: Literal["scrapyd", "windows"]
    at: int | None = None
    lasts_ms: int = 0
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is of no track. free_mb: of the database's disk, None where a server has it. faults: of the last minutes, oldest first.

    polling: what is known of it; only the scheduler knows.
    """

    free_mb: int | None
    faults: tuple[Fault, ...] = ()
    mail: tuple[MailFacts, ...] = ()
    polling: tuple[Polling, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """house: None where only tracks are looked at. watching_since: what is older is not this process's doing."""

    watching_since: int
    tracks: tuple[TrackFacts, ...] = ()
    house: House | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Where one subject of a rule stands.

    before: what it usually is. at: an instant that tells more (the newest board, the oldest message). race: whose post is
    near. told: words of sources and servers as they came.
    """

    subject: str = ""
    standing: Standing
    value: int
    threshold: int | None = None
    before: int | None = None
    at: int | None = None
    race: int | None = None
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """One scope of a rule. alerted: the told value of each subject that fires."""

    now_ms: int
    facts: SystemFacts
    alerted: Mapping[str, int]
    grouping: Grouping
