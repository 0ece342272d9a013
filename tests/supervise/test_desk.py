"""The Procfile under a real honcho: Ctrl-C ends all of it; the crawl that is under way gives up its request (http.timeout)."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from smtp_answers import smtp_answering

ROOT = Path(__file__).parents[2]
TRACKS = """
sources:
  demo: {{base_url: 'http://127.0.0.1:{port}'}}
tracks:
  demo:
    {{code: DMO, name: Synthetic Downs, country: US, timezone: America/New_York, source: demo, source_key: DMO, currency: USD}}
"""


def _free_port():
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


@pytest.fixture
def silent_site():
    """Takes connections and never answers: a crawl that has begun stays under way."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen()
        made.settimeout(45)
        yield made


@pytest.fixture
def home(tmp_path, silent_site):
    folder = tmp_path / "config"
    folder.mkdir()
    shutil.copy(ROOT / "config" / "scrapyd.conf", folder)
    shutil.copy(ROOT / "scrapy.cfg", tmp_path)
    (folder / "alerts.yaml").write_text("rules: []\n")
    (folder / "tracks.yaml").write_text(TRACKS.format(port=silent_site.getsockname()[1]))
    with smtp_answering() as port:
        (folder / "config.yaml").write_text(
            f"scrapyd: {{url: 'http://127.0.0.1:{_free_port()}'}}\nlogging: {{dir: '-'}}\nhttp: {{timeout: 2}}\n"
            f"smtp: {{host: 127.0.0.1, port: {port}, security: none, sender: me@example.com, recipients: [you@example.com]}}\n"
        )
        yield tmp_path


def _left(home):
    """Processes that were given this home."""
    mark = f"HORSES_CONFIG={home}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process.name, (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def _until(holds, seconds):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def _well(port):
    """The board, which waited for a database on this new home."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.fault
def test_ctrl_c_ends_all_within_ten_seconds(home, silent_site):
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("SMTP_", "EMAIL_", "HORSES_", "API_"))
    }
    port = _free_port()
    environ = clean | {
        "API_PORT": str(port),
        "HORSES_CONFIG": str(home / "config" / "config.yaml"),
        "SCRAPYD_PASSWORD": "correct-horse",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "honcho", "-e", os.devnull, "-f", str(ROOT / "Procfile"), "start"]
    log = home / "honcho.out"
    with log.open("wb") as told:
        honcho = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=told, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        crawl, _ = silent_site.accept()
        assert len(_left(home)) >= 5
        assert _until(lambda: _well(port), 30), log.read_text()
        began = time.monotonic()
        honcho.send_signal(signal.SIGINT)
        honcho.wait(30)
        assert time.monotonic() - began < 10
        assert _until(lambda: not _left(home), 10), _left(home)
        crawl.close()
    finally:
        honcho.kill()
        honcho.wait()
        for pid, _ in _left(home):
            os.kill(int(pid), signal.SIGKILL)
    text = log.read_text()
    assert "Stopped; what was not sent is kept" in text
    assert "INFO - Stopped\n" in text, text
    assert "Traceback" not in text, text
