"""Crawls as they stand in the database, without crawling."""

import shutil
from pathlib import Path

from sqlalchemy import insert

from horses_scrapy.clock import Clock
from horses_scrapy.storage import schema

CONFIG = Path(__file__).parents[1] / "config"


def crawled(store, clock: Clock, outcome, ago_s=10, *, track="demo", **fields):
    """One that began so many seconds ago; outcome None: it still runs."""
    began = clock.now_ms() - round(ago_s * 1000)
    ended = None if outcome is None else began + 2500
    row = {"spider": f"track_{track}", "track": track, "kind": "near", "outcome": outcome, "started_at": began}
    with store.write() as connection:
        connection.execute(insert(schema.crawl_run).values(**row, finished_at=ended, **fields))


def watching(folder: Path, *keys: str, broken: str = "", scrapyd: str = "http://127.0.0.1:6800") -> dict[str, str]:
    """The environment of an installation whose configuration is ours with these tracks enabled; `broken` is appended."""
    home = folder / "config"
    shutil.copytree(CONFIG, home)
    lines, block = [], ""
    for line in (home / "tracks.yaml").read_text().splitlines():
        block = line.strip().removesuffix(":") if line[:2] == "  " and line[2:3].isalpha() else block
        lines.append(line.replace("enabled: false", "enabled: true") if block in keys else line)
    (home / "tracks.yaml").write_text("\n".join([*lines, broken, ""]))
    told = (home / "config.yaml").read_text()
    (home / "config.yaml").write_text(told.replace("url: http://127.0.0.1:6800", f"url: {scrapyd}"))
    return {"HORSES_CONFIG": str(home / "config.yaml")}
