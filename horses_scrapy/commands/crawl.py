"""`scrapy crawl` with an exit code that tells how the run ended: 0 ok, 1 failed, 2 configuration, 4 partly."""

import argparse
import asyncio
import re
import sys
from importlib.util import find_spec

from scrapy.commands import crawl
from scrapy.exceptions import UsageError
from scrapy.settings import SETTINGS_PRIORITIES

from horses_scrapy.errors import FATAL, OK, PARTIAL, HorsesError
from horses_scrapy.extensions.crawl_run import BOARDS_STAT, OUTCOME_STAT
from horses_scrapy.storage.runs import GOOD


class Command(crawl.Command):
    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        # A track's spider is found by its name: all the others and their sources would be a quarter of a job's start.
        module = f"horses_scrapy.spiders.{args[0].removeprefix('track_')}" if len(args) == 1 else ""
        as_shipped = self.settings.getpriority("SPIDER_MODULES") == SETTINGS_PRIORITIES["project"]
        if as_shipped and re.fullmatch(r"[a-z0-9_.]+", module, re.ASCII) and find_spec(module) is not None:
            self.settings.set("SPIDER_MODULES", [module], priority="project")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("one spider is expected; `scrapy list` names them")
        assert self.crawler_process is not None
        try:
            crawler = self._create_crawler(args[0])
        except KeyError:
            raise UsageError(f"no spider {args[0]}; `scrapy list` names them", print_help=False) from None
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
