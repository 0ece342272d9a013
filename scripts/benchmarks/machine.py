"""The machine that figures are from: without it they say nothing."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.frame import percentile
from horses_scrapy.storage import sqlite

SYNCS = 60
CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """`fsync_ms`: median of writing 4 KiB and syncing them, in the folder of the databases. `load`: before anything ran."""

    cpu: str
    cores: int
    system: str
    python: str
    sqlite: str
    fsync_ms: float
    load: float

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}, {self.sqlite},"
            f" fsync p50 {self.fsync_ms:.2f} ms, load {self.load:.1f}"
        )


def look(folder: Path) -> Machine:
    return Machine(
        cpu=cpu_model(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        sqlite=sqlite.describe(sqlite.driver()),
        fsync_ms=sync_time(folder),
        load=os.getloadavg()[0],
    )


def cpu_model() -> str:
    if not CPUINFO.exists():
        return platform.processor() or platform.machine()
    told = dict(line.split(":", 1) for line in CPUINFO.read_text(encoding="utf-8").splitlines() if ":" in line)
    return next((value.strip() for key, value in told.items() if key.strip() == "model name"), platform.machine())


def sync_time(folder: Path) -> float:
    file = folder / "fsync.probe"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        return percentile([_one_sync(descriptor) for _ in range(SYNCS)], 0.5) * 1000
    finally:
        os.close(descriptor)
        file.unlink()


def _one_sync(descriptor: int) -> float:
    began = time.perf_counter()
    os.write(descriptor, bytes(4096))
    os.fsync(descriptor)
    return time.perf_counter() - began
