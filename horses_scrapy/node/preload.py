"""What the fork server imports, and how it sees that this is out of date."""

import importlib
import os
import pkgutil
import site
import sys
from collections.abc import Iterator
from types import ModuleType

import scrapy.commands

import alerts
import horses_scrapy

LEFT_OUT = (
    "horses_scrapy.settings",  # loads the configuration, which is each job's own
    "horses_scrapy.sources.rendered",  # Playwright is 60 MB, for few tracks
    "horses_scrapy.storage.migrations",
    # What no crawl needs: 10 MB of each, if only as a share.
    "horses_scrapy.demo",
    "horses_scrapy.health",
    "horses_scrapy.node",
    "horses_scrapy.quality",
    "horses_scrapy.scheduling",
    "horses_scrapy.simulator",
    "horses_scrapy.supervise",
    "horses_scrapy.updates",
    "horses_scrapy.upkeep",
    "horses_scrapy.web",
    "alerts.channels",
    "alerts.compose",
    "alerts.mail",
    "alerts.post_office",
    "alerts.tools",
)
"""Beginnings of names."""
LIBRARIES = [
    "encodings.idna",
    "encodings.utf_8_sig",
    "protego",
    "pysqlite3.dbapi2",
    "twisted.internet.asyncioreactor",
    "twisted.internet.endpoints",
    "twisted.web.client",
    "urllib.robotparser",
    "scrapy.cmdline",
    "scrapy.contracts",
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
    "scrapy.utils.template",
    "scrapy.utils.test",
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
    """Import it all; yields a line for each module that cannot be: the job that needs it fails with the reason."""
    for name in (*LIBRARIES, *_modules(scrapy.commands), *_modules(horses_scrapy), *_modules(alerts)):
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 (a file that is being edited: any error at all)
            yield f"{name} was not preloaded: {type(error).__name__}: {error}"
    if "twisted.internet.reactor" in sys.modules or len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        raise RuntimeError("a reactor or a thread before the fork: leave out the module that makes it (LEFT_OUT)")


def _modules(package: ModuleType) -> Iterator[str]:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if found.name.startswith(LEFT_OUT):
            continue
        if found.ispkg:
            yield from _modules(importlib.import_module(found.name))
        else:
            yield found.name


def fingerprint() -> int:
    """Another number once a file of the project has changed, come or gone, or a package was installed (1 ms)."""
    found = [stamp for package in (alerts, horses_scrapy) for path in package.__path__ for stamp in _stamps(path)]
    found += [(path, os.stat(path).st_mtime_ns) for path in site.getsitepackages()]  # noqa: PTH116
    return hash(tuple(found))


def _stamps(folder: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path, entry.stat().st_mtime_ns
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _stamps(entry.path)
