"""What the fork server imports, and how it sees that this is out of date."""

import importlib
import os
import pkgutil
import site
import sys
from collections.abc import Iterator
from pathlib import Path

import alerts
import horses_scrapy
from alerts.rules import load_rules
from horses_scrapy import config
from horses_scrapy.storage.engine import address_of

PARTS = ("extensions", "middlewares", "pipelines", "spiders")
"""Packages of ours that Scrapy imports by name; they import the others, as far as a crawl needs these."""
LEFT_OUT = (
    "horses_scrapy.extensions.dry_run",
    "horses_scrapy.middlewares.replay",
)
LIBRARIES = [
    "horses_scrapy.commands.crawl",
    "encodings.charmap",
    "encodings.idna",
    "encodings.utf_8_sig",
    "protego",
    "pysqlite3.dbapi2",
    "twisted.internet.asyncioreactor",
    "twisted.internet.endpoints",
    "twisted.web.client",
    "urllib.robotparser",
    "scrapy.cmdline",
    "scrapy.core.downloader.handlers.http11",
    "scrapy.core.downloader.middleware",
    "scrapy.core.scheduler",
    "scrapy.dupefilters",
    "scrapy.logformatter",
    "scrapy.pqueues",
    "scrapy.resolver",
    "scrapy.responsetypes",
    "scrapy.robotstxt",
    "scrapy.squeues",
    "scrapy.statscollectors",
    "scrapy.utils.project",
    "scrapy.downloadermiddlewares.defaultheaders",
    "scrapy.downloadermiddlewares.downloadtimeout",
    "scrapy.downloadermiddlewares.httpcompression",
    "scrapy.downloadermiddlewares.redirect",
    "scrapy.downloadermiddlewares.robotstxt",
    "scrapy.downloadermiddlewares.stats",
    "scrapy.downloadermiddlewares.useragent",
    "scrapy.extensions.closespider",
    "scrapy.extensions.corestats",
    "scrapy.extensions.feedexport",
    "scrapy.extensions.logcount",
    "scrapy.spidermiddlewares.depth",
    "scrapy.spidermiddlewares.metacopy",
    "scrapy.spidermiddlewares.referer",
    "scrapy.spidermiddlewares.start",
    "scrapy.spidermiddlewares.urllength",
]
"""What Scrapy imports by name, or late; a test sees to it that a job imports next to nothing more."""


def preload() -> Iterator[str]:
    """Import it all, and rehearse; yields a line for what could not be: the job that needs it fails with the reason.

    Raises RuntimeError for what would not survive the fork.
    """
    for name in (*LIBRARIES, *_ours()):
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 (a file that is being edited: any error at all)
            yield f"{name} was not preloaded: {type(error).__name__}: {error}"
    try:
        _rehearse()
    except Exception as error:  # noqa: BLE001 (the same; and a configuration with a fault is told by each job)
        yield f"no rehearsal, so jobs take longer: {type(error).__name__}: {error}"
    _refuse_what_a_fork_loses()


def _rehearse() -> None:
    """With the rules of our own configuration, which most jobs have, too."""
    rehearsal = importlib.import_module("horses_scrapy.node.rehearsal")
    settings = config.load()
    if address_of(settings).dialect == "sqlite":
        rehearsal.rehearse(load_rules(settings.alerts_file))
    else:
        importlib.import_module("horses_scrapy.storage.postgresql")


def _refuse_what_a_fork_loses() -> None:
    if "twisted.internet.reactor" in sys.modules or len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        raise RuntimeError("a reactor or a thread before the fork: leave out the module that makes it (LEFT_OUT)")


def _ours() -> Iterator[str]:
    for part in PARTS:
        folder = Path(horses_scrapy.__path__[0], part)
        names = (f"horses_scrapy.{part}.{found.name}" for found in pkgutil.iter_modules([str(folder)]))
        yield from (name for name in names if name not in LEFT_OUT)


def stamps() -> dict[str, int | None]:
    """When each file of the project was changed; with a folder of packages, which changes with an installation."""
    found = {
        path: at for package in (alerts, horses_scrapy) for folder in package.__path__ for path, at in _files(folder)
    }
    return {**found, **{folder: changed_at(folder) for folder in site.getsitepackages()}}


def loaded(known: dict[str, int | None]) -> dict[str, int | None]:
    """Of the known files those that were imported: a job imports any other by itself, as it is then."""
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return {path: at for path, at in known.items() if path in files or not path.endswith(".py")}


def changed_at(path: str) -> int | None:
    """None where it is not there."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except FileNotFoundError:
        return None


def _files(folder: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path, entry.stat().st_mtime_ns
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _files(entry.path)
