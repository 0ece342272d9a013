"""`scrapy shell` only looks at pages: it opens no run, takes no lease, stores nothing, and says little.

Whoever looks by hand takes no turn either: mind that crawls of the same host may be under way.
"""

import argparse

from scrapy.commands import shell

QUIET = {"EXTENSIONS": {}, "ITEM_PIPELINES": {}, "LOG_LEVEL": "WARNING", "STATE_FILES": False}


class Command(shell.Command):
    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        # Below what is said on the command line, above the project's settings.
        self.settings.update(QUIET, priority="spider")
        super().process_options(args, opts)
