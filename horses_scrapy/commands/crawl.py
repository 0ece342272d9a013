"""`scrapy crawl` with an exit code that tells how the run ended: 0 ok, 1 failed, 2 configuration, 4 partly."""

import argparse
import asyncio
import sys

from scrapy.commands import crawl
from scrapy.exceptions import UsageError

from horses_scrapy.errors import FATAL, OK, PARTIAL, HorsesError
from horses_scrapy.extensions.crawl_run import BOARDS_STAT, OUTCOME_STAT
from horses_scrapy.storage.runs import GOOD


class Command(crawl.Command):
    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("one spider is expected; `scrapy list` names them")
        assert self.crawler_process is not None
        crawler = self._create_crawler(args[0])
        task = self.crawler_process.crawl(crawler, **opts.spargs)
        assert isinstance(task, asyncio.Task)
        task.add_done_callback(self._note_error)
        self.crawler_process.start()
        if self.exitcode == OK:
            outcome = crawler.stats.get_value(OUTCOME_STAT) if crawler.stats else None
            self.exitcode = _exit_code(outcome, boards=crawler.stats.get_value(BOARDS_STAT, 0))

    def _note_error(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, HorsesError):
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 (a command speaks to its terminal)
            self.exitcode = error.exit_code
        elif error is not None:
            self.exitcode = FATAL


def _exit_code(outcome: str | None, *, boards: int) -> int:
    if outcome in GOOD:
        return OK
    return PARTIAL if boards else FATAL
