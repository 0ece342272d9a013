"""One scheduler at a time, and the next one at once."""

import os
import signal
import subprocess
import sys

import pytest

from horses_scrapy.errors import ALREADY_RUNNING, AlreadyRunning
from horses_scrapy.only_one import only_one

HOLD = """
import os, sys, time
from pathlib import Path
from horses_scrapy.only_one import only_one
with only_one(Path(sys.argv[1]), "scheduler"):
    if sys.argv[2] == "fork" and os.fork() == 0:
        print(os.getpid(), flush=True); os.close(1); time.sleep(60); os._exit(0)
    if sys.argv[2] == "plain":
        print(0, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "scheduler.lock"


def test_a_second_is_refused_and_told_who_and_how_long(path):
    with only_one(path, "scheduler"), pytest.raises(AlreadyRunning) as refused, only_one(path, "scheduler"):
        pytest.fail("both hold it")
    assert f"scheduler already runs: pid {os.getpid()}, for 0 h 0 min " in str(refused.value)
    assert refused.value.exit_code == ALREADY_RUNNING
    with only_one(path, "scheduler"):
        pass


def test_an_error_in_the_body_frees_it(path):
    with pytest.raises(RuntimeError), only_one(path, "scheduler"):
        raise RuntimeError
    with only_one(path, "scheduler"):
        assert path.read_text().startswith(f"{os.getpid()} ")


def test_a_longer_text_of_the_last_holder_leaves_no_trace(path):
    path.parent.mkdir()
    path.write_text("x" * 300)
    with only_one(path, "scheduler"):
        assert len(path.read_text().split()) == 3


@pytest.mark.parametrize("how", ["plain", "fork"])
def test_kill_9_frees_it_at_once_even_if_a_child_lives_on(path, how):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path), how], stdout=subprocess.PIPE)
    child = int(holder.stdout.readline())
    try:
        with pytest.raises(AlreadyRunning, match=f"pid {holder.pid}"), only_one(path, "scheduler"):
            pytest.fail("both hold it")
        inode = path.stat().st_ino
        holder.kill()
        holder.wait(10)
        with only_one(path, "scheduler"):
            assert path.stat().st_ino == inode, "the file is never replaced: a second file would be a second lock"
    finally:
        holder.stdout.close()
        if child:
            os.kill(child, signal.SIGKILL)
