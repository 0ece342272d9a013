"""The simulator as the process that a demo starts."""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError
from horses_scrapy.simulator.__main__ import start_instant

WAIT = 20


@contextmanager
def simulator(*arguments, clock=""):
    process = subprocess.Popen(
        [sys.executable, "-m", "horses_scrapy.simulator", *arguments],
        env={**os.environ, "HORSES_CLOCK": clock},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def url_of(process):
    return process.stdout.readline().removeprefix("listening on ").strip()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_on_a_signal(tmp_path, end):
    faults, log = tmp_path / "faults.yaml", tmp_path / "log.jsonl"
    faults.write_text("- {path: /card/2026-05-02, kind: timeout}\n")
    start = "2026-05-02T12:30:00-04:00"
    options = ("--port", "0", "--start", start, "--cancel", "2", "--faults", str(faults), "--log", str(log))
    with simulator(*options) as process:
        url = url_of(process)
        assert requests.get(f"{url}/race/2026-05-02/1/odds", timeout=WAIT).status_code == 200
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=WAIT) as held:
            held.sendall(b"GET /card/2026-05-02 HTTP/1.1\r\nHost: x\r\n\r\n")
            process.send_signal(end)
            stdout, stderr = process.communicate(timeout=WAIT)
    assert (process.returncode, stdout, stderr) == (0, "", "")
    plan = json.loads(log.read_text().splitlines()[0])["plan"]
    assert (plan["start"], plan["cancelled"]) == (start, 2)


def test_it_lives_by_the_clock_that_it_is_given():
    """At this rate the present is years past today."""
    with simulator("--port", "0", clock="1700000000@2") as process:
        shown = requests.get(url_of(process), timeout=WAIT).url.rpartition("/")[2]
    assert dt.date.fromisoformat(shown) > dt.datetime.now(dt.UTC).date()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--races", "0"], "races 0"),
        (["--start", "noon"], "--start noon"),
        (["--start", "2026-05-02T12:30:00"], "aware"),
        (["--faults", "/nowhere/faults.yaml"], "cannot be read"),
        (["--port", "99999"], "port 99999"),
        (["--timezone", "Mars/Olympus"], "Mars/Olympus"),
    ],
)
def test_what_cannot_be_done_is_named(arguments, named):
    with simulator(*arguments) as process:
        _, stderr = process.communicate(timeout=WAIT)
    assert process.returncode == 2
    assert stderr.startswith("error: ")
    assert named in stderr


def test_the_start_is_a_whole_second():
    assert start_instant(None, Clock()).microsecond == 0
    assert start_instant("1777739400", Clock()) == dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)
    with pytest.raises(ConfigError, match="--start"):
        start_instant("99999999999999999999", Clock())
