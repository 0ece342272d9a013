"""The folders that we write to: that they take a file, and the space left."""

import shutil
import tempfile
from pathlib import Path

from horses_scrapy.config import Settings
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, fail, ok, warn

FAIL_MB = 100
WARN_MB = 500
"""As the database rule of alerts.yaml has it."""


def disk(here: Here) -> Result:
    """The fullest of our folders' disks."""
    folders = _folders(here.settings)
    refused = [text for folder in folders if (text := _refusal(folder)) is not None]
    if refused:
        return fail("; ".join(refused))
    free = {folder: shutil.disk_usage(folder).free // 1_000_000 for folder in folders}
    fullest = min(free, key=lambda folder: free[folder])
    least = free[fullest]
    told = f"{least} MB free at {fullest}; {len(folders)} folders take files"
    made = fail if least < FAIL_MB else warn if least < WARN_MB else ok
    return made(told, free_mb={str(folder): value for folder, value in free.items()})


def _folders(settings: Settings) -> list[Path]:
    """Those that exist, or the nearest above that does: there they will be made."""
    wanted = [settings.state_dir, settings.backup_dir]
    if settings.system.database_url is None:
        wanted.append(settings.database_path.parent)
    if settings.logging.dir != "-":
        wanted.append(settings.home / settings.logging.dir)
    return sorted({_existing(folder) for folder in wanted})


def _existing(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def _refusal(folder: Path) -> str | None:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".health") as made:
            made.write(b"x" * 4096)
    except OSError as error:
        return f"{folder}: takes no file: {error.strerror}"
    return None
