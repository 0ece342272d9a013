"""`scrapy reparse RUN`: the archived answers of a run through its spider again, offline: items as JSON lines.

Nothing is stored; only the flags of a board that is stored are read back: what the checks said when it came.
"""

import argparse
import asyncio
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

from scrapy import signals
from scrapy.commands import ScrapyCommand
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.exporters import JsonLinesItemExporter
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from horses_scrapy.config import Settings
from horses_scrapy.errors import FATAL, OK, ConfigError, HorsesError
from horses_scrapy.items import AnyItem
from horses_scrapy.middlewares.archive import ABOUT
from horses_scrapy.middlewares.replay import FOLDER, PLACE, ReplayClock, past

OFFLINE: dict[str, Any] = {
    "STATE_FILES": False,
    "DOWNLOAD_HANDLERS": {"http": None, "https": None},  # nothing could fetch, and no browser is started
    "DOWNLOADER_MIDDLEWARES_BASE": {},
    "DOWNLOADER_MIDDLEWARES": {"horses_scrapy.middlewares.replay.Replay": 100},
    "SPIDER_MIDDLEWARES": {
        "horses_scrapy.middlewares.replay.ReplayedTime": 10,
        "horses_scrapy.middlewares.problems.Problems": 40,
        "horses_scrapy.middlewares.asked.AskedFor": 900,
    },
    "EXTENSIONS": {"horses_scrapy.extensions.redaction.Redaction": 20},
    "ITEM_PIPELINES": {
        "horses_scrapy.pipelines.validate.Validate": 100,  # what it rejected then it rejects now
        "horses_scrapy.pipelines.flags_as_stored.FlagsAsStored": 200,
    },
    "CLOSESPIDER_TIMEOUT": 0,
}


class Command(ScrapyCommand):
    requires_project = True
    default_settings: ClassVar[dict[str, Any]] = {}

    def syntax(self) -> str:
        return "RUN [-O FILE]"

    def short_desc(self) -> str:
        return "Parse a run's archived responses again, offline (http.archive_days)"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("-O", dest="output", metavar="FILE", help="JSON lines to FILE in place of standard output")

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        self.settings.set("LOG_LEVEL", "WARNING", priority="spider")  # below what the command line says
        super().process_options(args, opts)
        self.settings.setdict(OFFLINE, priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("one run is expected; crawl_run.run_id numbers them")
        assert self.settings is not None
        try:
            items = self._replay(_folder(self.settings["HORSES"], args[0]))
        except HorsesError as error:
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 (a command speaks to its terminal)
            self.exitcode = error.exit_code
            return
        if opts.output:
            Path(opts.output).write_bytes(self._lines(items))
        else:
            sys.stdout.buffer.write(self._lines(items))

    def _replay(self, folder: Path) -> list[AnyItem]:
        """The items in the order of the answers that they were read from."""
        then = past(folder)
        assert self.settings is not None
        assert self.crawler_process is not None
        self.settings.set(FOLDER, str(folder), priority="cmdline")
        crawler: Crawler = self.crawler_process.create_crawler(then.spider)
        found = Found()
        crawler.signals.connect(found.item_scraped, signals.item_scraped)
        task = self.crawler_process.crawl(crawler, now=ReplayClock(shows=[then.started_at]), **then.arguments)
        assert isinstance(task, asyncio.Task)
        task.add_done_callback(self._note_error)
        self.crawler_process.start()
        return found.items()

    def _note_error(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 (a command speaks to its terminal)
        self.exitcode = OK if error is None else getattr(error, "exit_code", FATAL)

    def _lines(self, items: list[AnyItem]) -> bytes:
        """As `scrapy crawl -O FILE.jsonl` writes them."""
        assert self.settings is not None
        file = BytesIO()
        exporter = JsonLinesItemExporter(file, encoding=self.settings["FEED_EXPORT_ENCODING"])
        exporter.start_exporting()
        for item in items:
            exporter.export_item(item)
        exporter.finish_exporting()
        return file.getvalue()


class Found:
    """Items as they come, which is not always the order of the run: a retry had changed it."""

    def __init__(self) -> None:
        self._items: list[tuple[int, AnyItem]] = []

    def item_scraped(self, item: AnyItem, response: Response | Failure | None) -> None:
        """An errback's item comes with the failure that it was called with."""
        request: Request | None = getattr(response, "request", None)
        self._items.append((0 if request is None else request.meta[PLACE], item))

    def items(self) -> list[AnyItem]:
        return [item for _, item in sorted(self._items, key=lambda pair: pair[0])]


def _folder(settings: Settings, run: str) -> Path:
    """Raises ConfigError, which names the runs that there are."""
    root = settings.archive_dir
    runs = sorted(path.parent.name for path in root.glob(f"*/{ABOUT}"))
    if run not in runs:
        there = ", ".join(runs) or "none: set http.archive_days"
        raise ConfigError(f"{root}: no archive of run {run}; there are: {there}")
    return root / run
