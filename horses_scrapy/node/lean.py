"""scrapyd's runner without what a job does not need: `python -m horses_scrapy.node.lean crawl track_demo`.

The interpreter is left as soon as the crawl is over, which saves its teardown: a fifth of a job's time. Eggs are the business
of scrapyd's own runner (docs/scrapyd.md).
"""

import gc
import logging
import os
import resource
import sys
import traceback
from typing import NoReturn

from scrapy import cmdline
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError
from scrapy.utils.misc import load_object
from scrapy.utils.project import get_project_settings

from horses_scrapy.config import TRACK_VARIABLE

MEMORY_VARIABLE = "HORSES_JOB_MEGABYTES"
"""Set by our launcher; a job by hand has no limit."""
YOUNG = 20_000
"""Objects between two collections: a crawl makes 100 000 while it starts, and hardly any of them are garbage."""


def run() -> NoReturn:
    """`scrapy` with sys.argv; ends the process with its exit status."""
    gc.set_threshold(YOUNG)
    limit_memory()
    leave(_status())


def crawl(words: list[str]) -> int:
    """`scrapy crawl` without a look at all other commands, and into every installed package for more of them."""
    tell_track(words)
    settings = get_project_settings()
    command = load_object(f"{settings['COMMANDS_MODULE'] or 'scrapy.commands'}.crawl.Command")()
    parser = cmdline.ScrapyArgumentParser(usage=f"scrapy crawl {command.syntax()}", conflict_handler="resolve")
    settings.setdict(command.default_settings, priority="command")
    command.settings = settings
    command.add_options(parser)
    options, names = parser.parse_known_args(words)
    try:
        command.process_options(names, options)
        command.crawler_process = AsyncCrawlerProcess(settings)
        command.run(names, options)
    except UsageError as error:
        parser.error(str(error))
    return int(command.exitcode)


def tell_track(words: list[str]) -> None:
    """The settings, imported after this, then read no other track's block."""
    track = next((word.removeprefix("track_") for word in words if word.startswith("track_")), None)
    if track is not None:
        os.environ[TRACK_VARIABLE] = track


def limit_memory() -> None:
    """Beyond it Python raises MemoryError, and the run ends with the outcome `memory`.

    Of what the process writes (RLIMIT_DATA): libraries and mapped files, which RLIMIT_AS counts, are no job's fault.
    """
    told = os.environ.get(MEMORY_VARIABLE)
    if told is not None:
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (int(told) * 1_000_000, hard))


def leave(status: int) -> NoReturn:
    """At once, with what was written."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _status() -> int:
    words = sys.argv[1:]
    try:
        if words[:1] == ["crawl"]:
            return crawl(words[1:])
        cmdline.execute()
    except SystemExit as ended:
        return _code(ended)
    except BaseException:  # noqa: BLE001 (the last frame: whatever it is would be lost in os._exit)
        traceback.print_exc()
        return 1
    return 0


def _code(ended: SystemExit) -> int:
    """As Python itself takes it: text is printed, and means 1."""
    if isinstance(ended.code, int):
        return ended.code
    if ended.code is not None:
        sys.stderr.write(f"{ended.code}\n")
    return 0 if ended.code is None else 1


if __name__ == "__main__":
    run()
