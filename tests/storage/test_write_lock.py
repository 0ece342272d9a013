import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from horses_scrapy.errors import StoreBusy, StoreError
from horses_scrapy.storage.write_lock import WriteLock

HOLD = """
import sys
from pathlib import Path
from horses_scrapy.storage.write_lock import WriteLock
with WriteLock(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def lock(tmp_path):
    return WriteLock(tmp_path / "horses.db", deadline=20)


@pytest.fixture
def holder(lock):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def open_descriptors(path):
    return [link for link in Path("/proc/self/fd").iterdir() if link.exists() and link.resolve() == path]


def eventually(condition):
    for _ in range(2000):
        if condition():
            return True
        time.sleep(0.005)
    return False


def test_busy_names_the_process_that_holds_it(lock, holder):
    with (
        pytest.raises(StoreBusy, match=rf"horses\.db: .* 0\.05 s: process {holder.pid} holds it"),
        WriteLock(lock.database, 0.05).held(),
    ):
        pass


def test_one_who_waited_gets_it(lock, holder):
    entered = threading.Event()

    def wait():
        with lock.held():
            entered.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not entered.wait(0.1)
    holder.stdin.write("\n")
    holder.stdin.flush()
    thread.join(20)
    assert entered.is_set()


def test_a_killed_holder_frees_it(lock, holder):
    holder.kill()
    with lock.held():
        assert lock.path.read_text().split()[0] == str(os.getpid())


def test_one_who_gave_up_keeps_nothing(lock, holder):
    with pytest.raises(StoreBusy), WriteLock(lock.database, 0.05).held():
        pass
    assert open_descriptors(lock.path) != []  # the waiter is still in its flock
    holder.kill()
    assert eventually(lambda: not open_descriptors(lock.path))
    with lock.held():
        pass


def test_threads_take_turns(lock):
    inside, seen = [], []

    def work(name):
        for _ in range(20):
            with lock.held():
                inside.append(name)
                seen.append(list(inside))
                inside.remove(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(seen) == 80
    assert all(len(one) == 1 for one in seen)
    assert open_descriptors(lock.path) == []


def test_a_write_inside_a_write_is_an_error_at_once(lock):
    with lock.held(), pytest.raises(StoreError, match="a write inside a write"), lock.held():
        pass
    with lock.held():
        pass


def test_the_file_stays_and_names_nobody_while_free(lock):
    with lock.held():
        inode = lock.path.stat().st_ino
    assert lock.path.read_text() == ""
    with lock.held():
        assert lock.path.stat().st_ino == inode


def test_a_child_does_not_inherit_it(lock):
    with lock.held():
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with WriteLock(lock.database, 0.05).held():
            pass
    finally:
        child.kill()
        child.communicate()


def test_a_folder_that_refuses_the_file(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match="the write lock cannot be opened: Not a directory"),
        WriteLock(tmp_path / "file" / "x.db").held(),
    ):
        pass
