"""The dead-man switch against a server of this machine."""

import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from horses_scrapy.supervise import dead_man as dead_man_module
from horses_scrapy.supervise.dead_man import DeadMan, of_mailer


class Switch(ThreadingHTTPServer):
    """asked: the paths. status: of its answers; None: it keeps silent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.status = 200
        self.released = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/secret-uuid"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.status is None:
            self.server.released.wait(30)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def switch():
    server = Switch()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_at_most_once_in_a_while_and_a_failure_at_once(switch):
    dead_man = DeadMan(switch.url)
    for _ in range(3):
        dead_man.well()
        until(lambda: dead_man._under_way is None or not dead_man._under_way.is_alive())
    for _ in range(3):
        dead_man.failed()
        until(lambda: not dead_man._under_way.is_alive())
    assert switch.asked == ["/secret-uuid", "/secret-uuid/fail"]


def test_asked_again_when_its_time_has_come(switch):
    dead_man = DeadMan(switch.url, every=0.05)
    until(lambda: dead_man.well() is None and len(switch.asked) >= 3)


def test_no_switch_no_request(switch):
    dead_man = DeadMan("")
    dead_man.well()
    dead_man.failed()
    assert dead_man._under_way is None


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (DeadMan, "/secret-uuid-scheduler"),
        (of_mailer, "/secret-uuid-mailer"),
    ],
)
def test_each_process_can_have_its_own(switch, make, path):
    make(switch.url + "-{process}").well()
    until(lambda: switch.asked == [path])


def test_the_mailer_does_not_speak_for_the_scheduler(switch):
    mailer = of_mailer(switch.url)
    mailer.well()
    assert mailer._under_way is None


@pytest.mark.parametrize(
    ("url", "status", "why"),
    [
        (None, 404, "HTTP 404"),
        (None, None, "ReadTimeout"),
        ("http://127.0.0.1:9/secret-uuid", 200, "ConnectionError"),
        ("secret-uuid", 200, "at ping_url was not told: MissingSchema"),
    ],
)
def test_what_fails_is_logged_once_without_the_secret_and_stops_nobody(switch, caplog, monkeypatch, url, status, why):
    monkeypatch.setattr(dead_man_module, "TIMEOUT_S", 0.3)
    caplog.set_level(logging.INFO, "horses_scrapy")
    switch.status = status
    dead_man = DeadMan(url or switch.url, every=0)
    began = time.monotonic()
    for _ in range(2):
        dead_man.well()
        assert time.monotonic() - began < 4
        dead_man._under_way.join(10)
    assert caplog.text.count("was not told") == 1
    assert why in caplog.text
    assert "secret-uuid" not in caplog.text


def test_that_it_answers_again_is_told(switch, caplog):
    caplog.set_level(logging.INFO, "horses_scrapy")
    switch.status = 500
    dead_man = DeadMan(switch.url, every=0)
    for switch.status in (500, 200, 500):
        dead_man.well()
        dead_man._under_way.join(10)
    assert [record.message.split(" ")[3] for record in caplog.records] == ["at", "answers", "at"]


def test_a_switch_that_hangs_does_not_pile_up(switch):
    switch.status = None
    dead_man = DeadMan(switch.url, every=0)
    for _ in range(20):
        dead_man.well()
    until(lambda: switch.asked)
    assert len(switch.asked) == 1
