"""scrapyd 1.6 with three faults mended and one wait less; named in config/scrapyd.conf (docs/scrapyd.md has the faults)."""

import os
import sys
from pathlib import Path
from typing import Any

from scrapyd.interfaces import IEnvironment, IPoller
from scrapyd.launcher import Launcher, ScrapyProcessProtocol, get_crawl_args
from scrapyd.poller import QueuePoller
from scrapyd.spiderqueue import SqliteSpiderQueue
from scrapyd.webservice import Schedule, spider_list
from twisted.internet import defer, reactor
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request

from horses_scrapy.node import runner, told
from horses_scrapy.node.lean import MEMORY_VARIABLE
from horses_scrapy.node.runner import SOCKET_VARIABLE

log = Logger()
later: Any = reactor.callLater
spawn: Any = reactor.spawnProcess

PAUSE = 1
"""Seconds until a slot whose process could not be started is offered again: what is short is not short for a moment."""
RESTART = 5
"""Seconds until a fork server that has ended is started again; jobs are lean ones meanwhile."""


class SafePoller(QueuePoller):  # type: ignore[misc]  # scrapyd has no types
    """Goes on after an error, which ends scrapyd's own for good while its API answers as if all were well.

    And takes None from a queue for what it is: another node was quicker.
    """

    def poll(self) -> Any:
        looks = [
            defer.maybeDeferred(self._start_waiting, project, queue).addErrback(self._failed, project)
            for project, queue in self.queues.items()
        ]
        return defer.DeferredList(looks)

    def _start_waiting(self, project: str, queue: Any) -> None:
        while self.dq.waiting and (message := queue.pop()) is not None:
            name = message.pop("name")
            self.dq.put({**message, "_project": project, "_spider": name})

    def _failed(self, failure: Failure, project: str) -> None:
        queue = self.queues[project]
        if isinstance(queue, SqliteSpiderQueue):
            queue.q.conn.rollback()  # else its read lock stays, and the writer that is waited for waits for us
        log.failure("The queue of {project} could not be read; it is tried again", failure, project=project)


class SafeLauncher(Launcher):  # type: ignore[misc]
    """Keeps the slot of a job whose process could not be started, and looks into the queue as soon as one has ended.

    Starts the fork server beside the jobs.
    """

    def startService(self) -> None:  # noqa: N802 (Twisted's name)
        settings = told.settings()
        os.environ[MEMORY_VARIABLE] = str(settings.scrapyd.memory_limit)
        if settings.scrapyd.runner == "fork" and sys.platform == "linux":
            os.environ[SOCKET_VARIABLE] = str(_socket(settings.state_dir))
            ForkServer().start()
        super().startService()

    def _get_max_proc(self, config: Any) -> int:
        return config.getint("max_proc", 0) or told.max_proc(told.settings())

    def _get_message(self, slot: int) -> None:
        self.app.getComponent(IPoller).next().addCallback(self._start, slot)

    def _start(self, message: dict[str, Any], slot: int) -> None:
        job = message["_job"]
        defer.maybeDeferred(self._spawn_process, message, slot).addErrback(self._not_started, job, slot)

    def _spawn_process(self, message: dict[str, Any], slot: int) -> None:
        """As scrapyd's, for our runner: the interpreter starts in two thirds of the time without what it does not import."""
        if self.runner != runner.__name__:
            super()._spawn_process(message, slot)
            return
        environment = self.app.getComponent(IEnvironment)
        message.setdefault("settings", {}).update(environment.get_settings(message))
        env = environment.get_environment(message, slot)
        words = [sys.executable, "-I", "-S", runner.__file__, "crawl", *get_crawl_args(message)]
        process = ScrapyProcessProtocol(message["_project"], message["_spider"], message["_job"], env, words)
        process.deferred.addBoth(self._process_finished, slot)
        spawn(process, sys.executable, args=words, env=env)
        self.processes[slot] = process

    def _not_started(self, failure: Failure, job: str, slot: int) -> None:
        log.failure("Job {job} could not be started, and is left", failure, job=job)
        later(PAUSE, self._get_message, slot)

    def _process_finished(self, ended: Any, slot: int) -> None:
        super()._process_finished(ended, slot)
        self.app.getComponent(IPoller).poll()


class ForkServer(ProcessProtocol):
    """The process of horses_scrapy.node.fork_server: it ends with scrapyd, and is started again when it ends before."""

    def start(self) -> None:
        arguments = [sys.executable, "-m", "horses_scrapy.node.fork_server", os.environ[SOCKET_VARIABLE]]
        spawn(self, sys.executable, arguments, env=dict(os.environ))

    def outReceived(self, data: bytes) -> None:  # noqa: N802
        log.info("fork server: {text}", text=data.decode(errors="replace").rstrip())

    errReceived = outReceived  # noqa: N815

    def processEnded(self, reason: Failure) -> None:  # noqa: N802
        log.error("The fork server has ended ({reason}); a new one follows", reason=reason.getErrorMessage())
        later(RESTART, self.start)


def _socket(state_dir: Path) -> Path:
    """One for each scrapyd of this machine: they may share a configuration."""
    state_dir.mkdir(parents=True, exist_ok=True)
    return state_dir / f"fork-{os.environ['SCRAPYD_HTTP_PORT']}.sock"


class ScheduleNow(Schedule):  # type: ignore[misc]
    """Looks into the queue at once, and reads the list of spiders again before it says that one is not there.

    Reading it blocks scrapyd for seconds: after a start, the spider of a watched track is not kept waiting for it.
    """

    def render_POST(self, txrequest: Request) -> Any:  # noqa: N802
        project, spider = (
            txrequest.args.get(name, [b""])[0].decode(errors="replace") for name in (b"project", b"spider")
        )
        lists = spider_list.cache[project]
        unread = None not in lists
        if unread and spider.removeprefix("track_") in told.settings().enabled_tracks:
            lists[None] = [spider]
        elif not unread and spider not in lists[None]:
            spider_list.delete(project)
        try:
            queued = super().render_POST(txrequest)
        finally:
            if unread and lists.get(None) == [spider]:
                del lists[None]
        later(0, self.root.poller.poll)
        return queued
