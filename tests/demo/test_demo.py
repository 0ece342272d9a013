"""The demo as a person runs it, with secrets planted: it ends well, and no secret shows anywhere."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTED = {"SCRAPYD_PASSWORD": "planted-scrapyd-3f9a", "SMTP_PASSWORD": "planted-smtp-7c21"}
OK = re.compile(
    r"^DEMO OK races=1 boards=(\d+) prices=(\d+) exacta_grids=(\d+) alerts=(\d+) mails=(\d+) final_odds=1$",
    re.MULTILINE,
)


class Arguments(threading.Thread):
    """Collects the arguments of every process of this machine while the demo runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = set()
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.2):
            self.seen |= set(map(_arguments, Path("/proc").glob("[0-9]*/cmdline")))


def _arguments(path):
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    kept = tmp_path_factory.mktemp("demo") / "kept"
    watcher = Arguments()
    watcher.start()
    command = [sys.executable, "-m", "horses_scrapy.demo", "--races", "1", "--rate", "20", "--keep", str(kept)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HORSES_", "EMAIL_", "DB_"))}
    done = subprocess.run(
        command, cwd=ROOT, env={**clean, **PLANTED}, capture_output=True, text=True, timeout=150, check=False
    )
    watcher.over.set()
    watcher.join()
    return done, kept, watcher.seen


def test_a_card_goes_to_post_and_everything_happens(demo):
    done, _, _ = demo
    assert done.returncode == 0, done.stdout + done.stderr
    found = OK.search(done.stdout)
    assert found, done.stdout
    assert all(int(count) > 0 for count in found.groups())
    assert "Subject: DMO R1 " in done.stdout


def test_every_process_was_stopped(demo):
    _, kept, _ = demo
    left = [arguments for arguments in map(_arguments, Path("/proc").glob("[0-9]*/cmdline")) if str(kept) in arguments]
    assert left == []


def test_no_secret_shows_in_output_logs_mails_database_or_arguments(demo):
    done, kept, arguments = demo
    assert any("scrapyd" in each for each in arguments)
    assert any("track_demo" in each for each in arguments)
    files = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    assert any(path.suffix == ".log" for path in files)
    for secret in PLANTED.values():
        assert secret not in done.stdout + done.stderr
        assert [path for path, content in files.items() if secret.encode() in content] == []
        assert [each for each in arguments if secret in each] == []
