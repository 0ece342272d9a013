"""scripts/serve.py as a process: what comes over the wire, and how it starts, refuses and stops."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from horses_scrapy import config
from horses_scrapy.clock import Clock
from horses_scrapy.errors import ConfigError, StoreError
from horses_scrapy.storage.engine import open_store
from horses_scrapy.web import service
from horses_scrapy.web.guard.wire import MOST_HEAD

ROOT = Path(__file__).parents[2]
KEY = "correct-horse-battery-staple"
BURST = 60
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return taken.getsockname()[1]


def start(home, **environ):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("API_", "HORSES_", "DB_"))}
    told = {"LOG_DIR": str(home / "logs"), "DB_PATH": str(home / "board.db"), **environ}
    command = [sys.executable, "scripts/serve.py"]
    return subprocess.Popen(
        command, cwd=ROOT, env=clean | told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory, card_file):
    folder = tmp_path_factory.mktemp("board")
    shutil.copy(card_file, folder / "board.db")
    return folder


@pytest.fixture(scope="module")
def supervisor(home):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(home / "notify"))
        listener.settimeout(10)
        yield listener


@pytest.fixture(scope="module")
def board(home, supervisor):
    """The process, and its port; it has said that it is ready."""
    port = free_port()
    made = start(
        home,
        API_PORT=str(port),
        API_KEY=KEY,
        NOTIFY_SOCKET=str(home / "notify"),
        HORSES_API__BURST=str(BURST),
        HORSES_API__REQUESTS_PER_SECOND="0.001",
    )
    assert f"READY=1\nSTATUS=board at http://127.0.0.1:{port}/" == supervisor.recv(4096).decode()
    yield made, port
    made.kill()
    made.communicate()


def talk(port, sent, *, seconds=5):
    """All that comes until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(sent)
        got = b""
        while part := connection.recv(65_536):
            got += part
    return got


def status_of(got):
    return int(got.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
        (b"CONNECT elsewhere:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (GET + b"Content-Length: -1\r\n\r\n", 400),
        (GET + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (GET + b"X: a\0b\r\n\r\n", 400),
        (GET + b"X" * (MOST_HEAD + 300_000), 431),
        (GET + b"X: y\r\n" * 20_000 + b"\r\n", 431),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 414),
        (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        (b"GET /%ED%A0%80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 303),
        (b"OPTIONS /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
        (b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99_999, 413),
        (GET + b"Connection: close\r\n\r\n", 200),
        (GET + b"Connection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n", 200),
    ],
)
def test_whatever_comes_is_answered_and_nothing_breaks(board, sent, status):
    process, port = board
    try:
        got = talk(port, sent)
    except ConnectionResetError:  # closed before all was sent: nobody waits for the rest of 400 kB
        assert status in {413, 431}
        got = b""
    if got:
        assert status_of(got) == status
        assert b"Traceback" not in got
        assert b"\r\nserver:" not in got.lower()
    assert status_of(talk(port, GET + b"Connection: close\r\n\r\n")) == 200
    assert process.poll() is None


def test_not_http_is_told_so_in_json(board):
    _, _, body = talk(board[1], b"nonsense\r\n\r\n").partition(b"\r\n\r\n")
    assert json.loads(body)["error"]["code"] == "bad_request"


def test_the_key_opens(board):
    url = f"http://127.0.0.1:{board[1]}/api/v1/races"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})) as answer:
        assert answer.status == 200
        assert json.load(answer)
    assert (
        status_of(talk(board[1], b"GET /api/v1/races HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")) == 401
    )


def test_who_asks_too_much_is_slowed_down_alone(board):
    port, form = board[1], f"key={KEY}".encode()
    login = b"POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    got = talk(port, login + f"Content-Length: {len(form)}\r\n\r\n".encode() + form)
    cookie = re.search(rb"(horses_session=[^;]+)", got)[1]
    ask = b"HEAD /docs HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + b"\r\n"
    got = talk(port, (ask + b"\r\n") * BURST + ask + b"Connection: close\r\n\r\n", seconds=20)
    statuses = re.findall(rb"HTTP/1.1 (\d+)", got)
    assert statuses == [b"200"] * BURST + [b"429"]
    assert 900 < int(re.search(rb"\r\nretry-after: (\d+)\r\n", got)[1]) <= 1000
    assert status_of(talk(port, b"GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")) == 200


def test_a_stop_waits_for_no_stream_and_says_so(board, supervisor, home):
    process, port = board
    ask = f"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
        stream.sendall(ask)
        assert stream.recv(4096).startswith(b"HTTP/1.1 200")
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        told, errors = process.communicate(timeout=6)
    assert process.returncode == 0
    assert time.monotonic() - begun < 5
    assert errors == ""
    assert told == f"INFO - Board at http://127.0.0.1:{port}/\nINFO - Stopped\n"
    heard = [supervisor.recv(4096).decode()]
    while heard[-1] != "STOPPING=1":
        heard.append(supervisor.recv(4096).decode())
    assert set(heard) <= {"WATCHDOG=1", "STOPPING=1"}
    assert (
        (home / "logs" / "serve_errors.log").read_text() == ""
        if (home / "logs" / "serve_errors.log").exists()
        else True
    )


# --- What it refuses --------------------------------------------------------------------------------------------------


def test_open_to_the_network_without_a_key_it_does_not_start(home):
    process = start(home, HORSES_API__HOST="0.0.0.0", API_PORT=str(free_port()))
    told, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert told == ""
    assert errors.startswith("error: api.host: 0.0.0.0 is reached from other machines: set API_KEY")


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({}, None),
        ({"HORSES_API__HOST": "::1"}, None),
        ({"HORSES_API__HOST": "localhost", "API_KEY": "short"}, None),
        ({"HORSES_API__HOST": "192.0.2.1"}, "API_KEY"),
        ({"HORSES_API__HOST": "::"}, "API_KEY"),
        ({"HORSES_API__HOST": "board.example"}, "API_KEY"),
        ({"HORSES_API__HOST": "0.0.0.0", "API_KEY": "k" * 19}, "20 characters"),
        ({"HORSES_API__HOST": "0.0.0.0", "API_KEY": "k" * 20}, None),
        ({"HORSES_API__TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.1"}, None),
        ({"HORSES_API__TRUSTED_PROXIES": "10.0.0.0/33"}, "trusted_proxies: 10.0.0.0/33"),
        ({"HORSES_API__TRUSTED_PROXIES": "caddy"}, "trusted_proxies: caddy"),
        ({"HORSES_API__TRUSTED_PROXIES": "*"}, "trusted_proxies"),
    ],
)
def test_what_would_be_open_to_others_is_refused(environ, fault):
    api = config.load(environ=environ).api
    if fault is None:
        service.refuse_open(api)
    else:
        with pytest.raises(ConfigError, match=fault):
            service.refuse_open(api)


def test_reached_from_outside_without_a_key_is_worth_a_warning(caplog):
    service.refuse_open(config.load(environ={"HORSES_API__PUBLIC_URL": "https://board.example"}).api)
    assert "whoever reaches https://board.example reads everything" in caplog.text


def test_a_board_that_only_this_machine_reaches_is_not(caplog):
    service.refuse_open(config.load(environ={"HORSES_API__PUBLIC_URL": "http://127.0.0.1:5000"}).api)
    assert caplog.text == ""


def test_a_port_that_is_taken_is_named(home):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        settings = config.load(environ={"API_PORT": str(port), "DB_PATH": str(home / "board.db")})
        with pytest.raises(ConfigError, match=rf"api.port {port}: .*in use.*API_PORT"):
            service.run(settings)


def test_without_a_database_it_makes_none(tmp_path):
    settings = config.load(environ={"DB_PATH": str(tmp_path / "none.db")})
    with pytest.raises(StoreError, match="there is no database"):
        service.store_of(settings, Clock())
    assert list(tmp_path.iterdir()) == []


def test_a_simulated_clock_is_refused_on_live_data(tmp_path):
    settings = config.load(environ={"DB_PATH": str(tmp_path / "live.db")})
    open_store(settings, Clock()).close()
    with pytest.raises(ConfigError, match="simulated clock"):
        service.store_of(settings, Clock(epoch=0, rate=2))


def test_it_waits_for_a_database_as_long_as_it_is_told(tmp_path, monkeypatch):
    settings = config.load(environ={"DB_PATH": str(tmp_path / "later.db")})

    def made_meanwhile(_):
        open_store(settings, Clock()).close()

    monkeypatch.setattr(service.time, "sleep", made_meanwhile)
    with closing(service.store_of(settings, Clock(), wait=5)) as store:
        assert store.purpose == "live"


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:5000/"), ("::1", "http://[::1]:5000/"), ("localhost", "http://localhost:5000/")],
)
def test_the_address_can_be_clicked(host, address):
    assert service.shown(config.load(environ={"HORSES_API__HOST": host}).api) == address
