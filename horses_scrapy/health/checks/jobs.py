"""scrapyd: that it answers, asks for its password, and works off its queue."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from horses_scrapy.config import Settings
from horses_scrapy.errors import ScrapydError
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, fail, ok, warn
from horses_scrapy.health.scrapyd import Jobs, ScrapydClient
from horses_scrapy.storage.health import posted_at

ANSWER_S = 3.0
SECOND_LOOK_S = 2.0
"""scrapyd takes a job out of its queue within a fraction of a second, where it has a place."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the nodes said. faults: of those that do not answer as they should; open_ones: that want no password."""

    urls: Sequence[str]
    faults: Sequence[str]
    open_ones: Sequence[str]


def scrapyd(here: Here) -> Result:
    return judged_scrapyd(answers(here.settings))


def answers(settings: Settings) -> Answers:
    """Every node's, one after the other."""
    clients = _clients(settings)
    faults = [text for client in clients if (text := _fault(client)) is not None]
    return Answers([client.url for client in clients], faults, [client.url for client in clients if _is_open(client)])


def judged_scrapyd(found: Answers) -> Result:
    """One that answers is enough to go on."""
    urls, faults = found.urls, found.faults
    if found.open_ones:
        return fail(f"{', '.join(found.open_ones)} answers without a password: start it with scripts/run_scrapyd.py")
    if len(faults) == len(urls):
        return fail("; ".join(faults))
    answering = f"{len(urls) - len(faults)} of {len(urls)} answer" if len(urls) > 1 else urls[0]
    return warn(f"{answering}; {'; '.join(faults)}") if faults else ok(f"{answering}, with its password only")


def queue(here: Here) -> Result:
    """Jobs that wait while none runs, or for longer than a job may take."""
    jobs = listed(here.settings)
    waiting, running = len(jobs.pending), len(jobs.running)
    told = f"{waiting} waiting, {running} running"
    if waiting and not running and _still_stuck(here, jobs):
        return fail(f"{told}: scrapyd starts nothing; restart it", waiting=waiting, running=running)
    age = _oldest_s(here, jobs) if waiting else 0.0
    limit = here.settings.scheduler.job_timeout
    if age > limit:
        return fail(f"{told}, the oldest for {age:.0f} s: raise max_proc in config/scrapyd.conf", oldest_s=round(age))
    return ok(told, waiting=waiting, running=running, oldest_s=round(age))


def _still_stuck(here: Here, before: Jobs) -> bool:
    time.sleep(SECOND_LOOK_S)
    after = listed(here.settings)
    return not after.running and bool(before.pending.keys() & after.pending.keys())


def _oldest_s(here: Here, jobs: Jobs) -> float:
    """0 where no slot of ours asked for any of them: crawls by hand may wait."""
    with here.store() as store, store.read() as connection:
        posted = posted_at(connection, list(jobs.pending))
    return (here.clock.now_ms() - min(posted.values())) / 1000 if posted else 0.0


def listed(settings: Settings) -> Jobs:
    """Of all nodes that answer. Raises ScrapydError where none does."""
    found: list[Jobs] = []
    for client in _clients(settings):
        try:
            found.append(client.listjobs())
        except ScrapydError as error:
            last = error
    if not found:
        raise last
    return Jobs(
        {job: spider for each in found for job, spider in each.pending.items()},
        {job: spider for each in found for job, spider in each.running.items()},
        {job: spider for each in found for job, spider in each.finished.items()},
    )


def _fault(client: ScrapydClient) -> str | None:
    try:
        client.daemonstatus()
    except ScrapydError as error:
        return str(error)
    return None


def _is_open(client: ScrapydClient) -> bool:
    try:
        return client.is_open()
    except ScrapydError:
        return False  # it does not answer at all: daemonstatus says so


def _clients(settings: Settings) -> list[ScrapydClient]:
    told = settings.scrapyd
    password, timeout = told.password.get_secret_value(), min(told.timeout, ANSWER_S)
    return [ScrapydClient(url, told.username, password, told.project, timeout) for url in told.urls]
