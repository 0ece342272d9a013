"""`scrapy rerun TRACK CASE`: reads a saved day again and writes what the spider gives now, with the difference to review."""

import argparse
import difflib
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from horses_scrapy.commands.speech import speak
from horses_scrapy.fixtures import FOLDER, Case

ROOT = Path(__file__).parents[2]


class Command(ScrapyCommand):
    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "TRACK CASE"

    def short_desc(self) -> str:
        return "Refresh the expected output of a saved day in tests/fixtures, and show what changed"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 (Scrapy's signature)
        if len(args) != 2:
            raise UsageError("a track and a case are expected: scrapy rerun awapuni one_race")
        assert self.settings is not None
        settings = self.settings["HORSES"]
        self.exitcode = speak(lambda: refreshed(Case(ROOT / FOLDER / args[0] / args[1]), settings))


def refreshed(case: Case, settings: Any) -> str:
    before = case.output.read_text("utf-8") if case.output.is_file() else ""
    after = case.write_output(settings)
    if before == after:
        return f"{case.track}/{case.folder.name}: unchanged"
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "expected", "now", lineterm="", n=2)
    return "\n".join([*lines, f"{case.track}/{case.folder.name}: written; review it before you commit it"])
