"""What a supervisor hears, over a real socket."""

import socket
import threading

import pytest

from horses_scrapy.supervise import notify
from horses_scrapy.supervise.dead_man import DeadMan
from horses_scrapy.supervise.heartbeat import Heartbeat


@pytest.fixture
def heard(tmp_path, monkeypatch):
    """What was sent so far, in order."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield lambda: _all(listener)


def _all(listener):
    found = []
    while True:
        try:
            found.append(listener.recv(4096).decode())
        except BlockingIOError:
            return found


def test_each_state_in_systemd_s_words(heard):
    notify.ready("watching 3 tracks\nREADY=0")
    notify.alive()
    notify.reloading()
    notify.stopping()
    first, second, third, last = heard()
    assert first == "READY=1\nSTATUS=watching 3 tracks READY=0"
    assert (second, last) == ("WATCHDOG=1", "STOPPING=1")
    assert third.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert int(third.partition("USEC=")[2]) > 0


def test_a_name_that_is_no_file(monkeypatch):
    name = f"horses-test-{id(monkeypatch)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        notify.alive()
        assert listener.recv(100) == b"WATCHDOG=1"


def test_without_a_supervisor_nothing_happens(monkeypatch, caplog):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready("x")
    monkeypatch.setenv("NOTIFY_SOCKET", "")
    notify.alive()
    assert caplog.text == ""


def test_a_supervisor_that_is_gone_stops_nobody(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "none"))
    notify.ready("x")
    assert "was not told READY=1" in caplog.text


def test_a_supervisor_that_does_not_read_stops_nobody(heard, caplog):
    sender = threading.Thread(target=lambda: [notify.alive() for _ in range(15)], daemon=True)
    sender.start()
    sender.join(10)
    assert not sender.is_alive()
    assert "was not told WATCHDOG=1" in caplog.text


def test_short_rounds_do_not_flood_the_supervisor(heard):
    for every, told in ((60, 1), (0, 5)):
        beat = Heartbeat(DeadMan(""), every)
        for _ in range(5):
            beat.beat(well=True)
        assert heard() == ["WATCHDOG=1"] * told
