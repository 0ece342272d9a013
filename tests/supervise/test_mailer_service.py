"""scripts/mailer.py under a supervisor: what it says, and what SIGHUP does."""

import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from mailer_process import MailerProcess
from smtp_answers import smtp_answering


class Supervised:
    """A mailer and what its supervisor hears."""

    def __init__(self, folder, smtp_port, listener, **environment):
        self.folder = folder / "config"
        self.folder.mkdir()
        self.port = smtp_port
        self._listener = listener
        (self.folder / "tracks.yaml").write_text("sources: {}\ntracks: {}\n")
        (self.folder / "alerts.yaml").write_text("rules: []\n")
        self.configure("you@example.com")
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("SMTP_", "EMAIL_", "HORSES_"))
        }
        told = {"NOTIFY_SOCKET": str(folder / "notify"), "HORSES_LOGGING__DIR": "-"}
        arguments = ["--config", str(self.folder / "config.yaml")]
        self.process = MailerProcess(arguments, clean | told | environment, folder / "told.txt")

    def configure(self, recipient):
        (self.folder / "config.yaml").write_text(
            f"smtp: {{host: 127.0.0.1, port: {self.port}, security: none, sender: me@example.com, recipients: [{recipient}]}}\n"
        )

    def hears(self):
        """The next that is not the watchdog's."""
        while (said := self._listener.recv(4096).decode()) == "WATCHDOG=1":
            pass
        return said.splitlines()

    def hears_watchdog(self):
        assert self._listener.recv(4096) == b"WATCHDOG=1"

    def hang_up(self):
        os.kill(self.process.pid, signal.SIGHUP)


@pytest.fixture
def supervise(tmp_path):
    started = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener, smtp_answering() as port:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(30)

        def start(**environment):
            started.append(Supervised(tmp_path, port, listener, **environment))
            return started[-1]

        yield start
        for each in started:
            each.process.close()


def test_the_supervisor_hears_of_every_step(supervise):
    mailer = supervise()
    assert mailer.hears() == [
        "READY=1",
        f"STATUS=Mailing by 127.0.0.1:{mailer.port} (none) and apprise (no channel) to you@example.com",
    ]
    mailer.hears_watchdog()
    mailer.configure("other@example.com")
    mailer.hang_up()
    assert mailer.hears()[0] == "RELOADING=1"
    assert mailer.hears() == [
        "READY=1",
        f"STATUS=Mailing by 127.0.0.1:{mailer.port} (none) and apprise (no channel) to other@example.com",
    ]
    assert mailer.process.stop() == 0
    assert mailer.hears() == ["STOPPING=1"]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("config.yaml", "smtp: {port: none}\n", "smtp.port"),
        ("config.yaml", "smtp: {sender: me@example.com}\n", "EMAIL_RECIPIENT"),
        ("alerts.yaml", "rules: [{name: x}]\n", "alerts.yaml"),
    ],
)
def test_a_faulty_file_changes_nothing(supervise, file, text, said):
    mailer = supervise()
    before = mailer.hears()
    (mailer.folder / file).write_text(text)
    mailer.hang_up()
    assert mailer.hears()[0] == "RELOADING=1"
    assert mailer.hears() == before
    assert mailer.process.stop() == 0
    assert "Not reloaded: " in mailer.process.told()
    assert said in mailer.process.told()


class Switch(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_mailer_s_own_dead_man_switch(supervise):
    with HTTPServer(("127.0.0.1", 0), Switch) as switch:
        switch.asked, switch.timeout = [], 30
        url = f"http://127.0.0.1:{switch.server_port}/horses-{{process}}"
        mailer = supervise(PING_URL=url)
        listening = threading.Thread(target=switch.handle_request)
        listening.start()
        listening.join(30)
        mailer.process.stop()
    assert switch.asked == ["/horses-mailer"]
    assert "dead-man" not in mailer.process.told()
