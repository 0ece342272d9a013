"""Files that several processes write: rolled at midnight and at a size, nothing lost, nothing twice."""

import logging
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from horses_scrapy.errors import ConfigError
from horses_scrapy.logs import files
from horses_scrapy.logs.files import RollingFile

MIDNIGHT = time.mktime((2026, 11, 22, 0, 0, 0, 0, 0, -1))


@pytest.fixture
def rolling(tmp_path):
    """A handler, and the way to give it a line at an instant."""
    made = []

    def _rolling(*, dated=True, max_bytes=10**6, keep=9, name="scheduler"):
        handler = RollingFile(tmp_path, name, dated=dated, max_bytes=max_bytes, keep=keep)
        made.append(handler)

        def say(text, at=MIDNIGHT):
            record = logging.LogRecord("x", logging.INFO, "f.py", 1, text, (), None)
            record.created = at
            handler.handle(record)

        return say

    yield _rolling
    for handler in made:
        handler.close()


def texts(folder):
    """What the files hold that are not empty, by name."""
    found = {path.name: path.read_text(encoding="utf-8").split() for path in sorted(folder.glob("*.log*"))}
    return {name: lines for name, lines in found.items() if lines}


def test_a_new_file_begins_at_midnight_of_the_machine(rolling, tmp_path):
    say = rolling()
    for text, second in (("a", -1), ("b", -0.001), ("c", 0), ("d", 1), ("e", 86_400)):
        say(text, MIDNIGHT + second)
    assert texts(tmp_path) == {
        "scheduler_20261121.log": ["a", "b"],
        "scheduler_20261122.log": ["c", "d"],
        "scheduler_20261123.log": ["e"],
    }


def test_a_file_is_rolled_at_its_size_and_the_older_has_the_higher_number(rolling, tmp_path):
    say = rolling(max_bytes=6, dated=False)
    for number in range(7):
        say(f"l{number}")
    assert texts(tmp_path) == {
        "scheduler.log": ["l6"],
        "scheduler.log.1": ["l4", "l5"],
        "scheduler.log.2": ["l2", "l3"],
        "scheduler.log.3": ["l0", "l1"],
    }


def test_the_newest_of_the_older_are_kept_and_other_files_left_alone(rolling, tmp_path):
    others = ("scheduler_errors.log", "scheduler_2026.log", "mailer_20200101.log", "scheduler_20200101.log.gz")
    for name in others:
        (tmp_path / name).write_text("x", encoding="utf-8")
    say = rolling(max_bytes=6, keep=3)
    for day in range(3):
        for number in range(4):
            say(f"{day}{number}x", MIDNIGHT + day * 86_400)
    assert {name: lines for name, lines in texts(tmp_path).items() if name not in others} == {
        "scheduler_20261124.log": ["22x", "23x"],
        "scheduler_20261124.log.1": ["20x", "21x"],
        "scheduler_20261123.log": ["12x", "13x"],
        "scheduler_20261123.log.1": ["10x", "11x"],
    }
    assert all((tmp_path / name).exists() for name in others)


@pytest.mark.parametrize("how", ["unlink", "rename"])
def test_a_file_that_somebody_took_away_is_begun_anew(rolling, tmp_path, how):
    say = rolling(dated=False)
    say("a")
    path = tmp_path / "scheduler.log"
    path.unlink() if how == "unlink" else path.rename(tmp_path / "kept")
    say("b")
    assert path.read_text(encoding="utf-8") == "b\n"


def test_who_does_not_get_the_lock_appends(rolling, tmp_path):
    """The other may be stopped while it holds it: nobody waits for him."""
    say = rolling(dated=False, max_bytes=4)
    with files._alone(tmp_path / ".scheduler.lock") as alone:
        assert alone
        for text in ("aaa", "bbb", "ccc"):
            say(text)
        assert texts(tmp_path) == {"scheduler.log": ["aaa", "bbb", "ccc"]}
    say("ddd")
    assert texts(tmp_path) == {"scheduler.log": ["ddd"], "scheduler.log.1": ["aaa", "bbb", "ccc"]}


def test_a_folder_that_goes_away_costs_the_line_its_file_and_the_process_nothing(rolling, tmp_path, monkeypatch):
    say = rolling()
    say("a")
    tmp_path.chmod(0o700)
    monkeypatch.setattr(files.os.path, "samestat", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    monkeypatch.setattr(logging, "raiseExceptions", False)
    say("b")
    assert texts(tmp_path)["scheduler_20261122.log"] == ["a", "b"], "in the file that is still open"


def test_a_folder_that_cannot_be_made_is_a_config_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        RollingFile(tmp_path / "file" / "deep", "x", dated=True, max_bytes=1, keep=1)


WRITER = """
import logging, sys, time
from pathlib import Path
from horses_scrapy.logs.files import RollingFile
who, folder, start, step, size = sys.argv[1], Path(sys.argv[2]), *map(float, sys.argv[3:6])
made = logging.getLogRecordFactory()
def injected(*args, **kwargs):
    record = made(*args, **kwargs)
    record.created = now
    return record
logging.setLogRecordFactory(injected)
for dated in (True, False):
    handler = RollingFile(folder, "dated" if dated else "plain", dated=dated, max_bytes=int(size), keep=1000)
    logging.getLogger().addHandler(handler)
print("ready", flush=True)
sys.stdin.readline()
for number in range(2000):
    now = start + number * step
    logging.warning("%s-%d", who, number)
"""


def test_processes_that_write_the_same_files_over_midnight_lose_nothing(tmp_path):
    """Two at once, 2000 lines each, ten seconds of their clock a line: three days, a roll every 4 kB."""
    start = MIDNIGHT - 3600
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, who, str(tmp_path), str(start), "86.4", "4000"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for who in ("one", "two")
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in started]
    assert [errors for _, errors in ended] == ["", ""]
    expected = {f"{who}-{number}" for who in ("one", "two") for number in range(2000)}
    for name in ("dated", "plain"):
        lines = [line for file, found in texts(tmp_path).items() if file.startswith(name) for line in found]
        assert len(lines) == len(expected)
        assert set(lines) == expected
    for file, lines in texts(tmp_path).items():
        if file.startswith("dated"):
            days = {day_of(start + int(line.split("-")[1]) * 86.4) for line in lines}
            assert days == {file[6:14]}
    rolled = list(tmp_path.glob("*.log.*"))
    assert len(rolled) >= 15
    assert max(path.stat().st_size for path in rolled) < 4000 + 400, "one line of each beyond the limit, hardly more"


def day_of(at):
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y%m%d}"
