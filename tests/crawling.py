"""Runs a real `scrapy crawl` in a process of its own, with a configuration of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
BARE = {"ITEM_PIPELINES": "{}"}
"""Source, middlewares and the run's own row: no item is stored."""
PATIENT = {"requests_per_second": 1000, "burst": 1000, "timeout": 10, "retry_attempts": 2, "retry_first_wait": 0.05}
"""Real shape, quick: no delay, short waits."""
_OURS = ("HORSES_", "SMTP_", "EMAIL_", "SCRAPYD_", "DB_PATH", "LOG_")


@dataclass(frozen=True, slots=True)
class Completed:
    returncode: int
    stdout: str
    stderr: str
    items: list[dict[str, Any]]

    def of(self, field: str) -> list[dict[str, Any]]:
        """Items of the kind that has the field: `post_time` a race, `prices` a board, `finishers` a result."""
        return [item for item in self.items if field in item]


def write_config(
    home: Path,
    base_url: str,
    *,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
    validation: Mapping[str, Any] | None = None,
) -> Path:
    """config/ of the project below `home`, all sources at `base_url`. The path of its config.yaml."""
    folder = home / "config"
    folder.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))
    for name, values in {"http": PATIENT, **(sections or {})}.items():
        settings[name] = {**settings[name], **values}
    tracks = yaml.safe_load((ROOT / "config/tracks.yaml").read_text("utf-8"))
    for block in tracks["sources"].values():
        block["base_url"] = base_url
        if validation is not None:
            block["validation"] = dict(validation)
    for block in tracks["tracks"].values():
        block.pop("base_url", None)  # a track's own address would lead out of the test
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    (folder / "tracks.yaml").write_text(yaml.safe_dump(tracks), "utf-8")
    alerts = ROOT / "config/alerts.yaml"
    if alerts.is_file() and not (folder / "alerts.yaml").exists():  # a test may have rules of its own
        (folder / "alerts.yaml").write_text(alerts.read_text("utf-8"), "utf-8")
    return folder / "config.yaml"


def environment(config: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would change a crawl's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, "HORSES_CONFIG": str(config), **(extra or {})}


def crawl(
    home: Path,
    spider: str,
    *args: str,
    base_url: str,
    settings: Mapping[str, str] | None = None,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
    validation: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> Completed:
    """`args` are the spider's arguments (`race=1`). Warnings of Python are errors in the crawl, too.

    Scrapy settings are BARE unless others are given: `{}` is the project as it is.
    """
    config = write_config(home, base_url, sections=sections, validation=validation)
    items = home / "items.jsonl"
    chosen = {**(BARE if settings is None else settings), "LOG_LEVEL": "INFO"}
    command = [sys.executable, "-W", "error", "-m", "scrapy", "crawl", spider, "-O", str(items)]
    command += [part for name, value in chosen.items() for part in ("-s", f"{name}={value}")]
    command += [part for argument in args for part in ("-a", argument)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(config, environ),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    lines = items.read_text("utf-8").splitlines() if items.is_file() else []
    return Completed(done.returncode, done.stdout, done.stderr, [json.loads(line) for line in lines])
