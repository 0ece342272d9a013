"""Each way a mail server can fail, and what it means for the message."""

import base64
import ssl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from alerts.channels.smtp import SmtpSession
from alerts.channels.smtp_connection import dotted

WIRE = "Subject: x\r\n\r\nline\r\n.\r\n..two\r\n"
YOU = "you@example.com"
SECRET = "s3cret-Pa55w0rd"

AUTH_PLAIN = {"EHLO": "250-test\r\n250 AUTH PLAIN"}
STARTTLS = {"EHLO": "250-test\r\n250 STARTTLS"}
ME = {"username": "me", "password": SECRET}
SHORT = {"connect_timeout": 0.4, "command_timeout": 0.4, "data_timeout": 0.4, "total_timeout": 1.5}

# event -> what the server says, the settings, the outcome's label and code (RELIABILITY.md 3.2)
EVENTS = {
    "banner 421": ({"BANNER": "421 later"}, {}, "transient-server", 421),
    "banner 554": ({"BANNER": "554 go away"}, {}, "transient-server", 554),
    "banner garbage": ({"BANNER": "hello"}, {}, "transient-server", -1),
    "banner drop": ({"BANNER": "drop"}, {}, "transient-server", None),
    "banner silence": ({"BANNER": "hang"}, {}, "transient-server", None),
    "banner trickle": ({"BANNER": "trickle " + "x" * 500}, {}, "transient-server", None),
    "ehlo 421": ({"EHLO": "421 bye", "HELO": "421 bye"}, {}, "transient-server", 421),
    "ehlo 550": ({"EHLO": "550 no", "HELO": "550 no"}, {}, "transient-server", 550),
    "ehlo drop": ({"EHLO": "drop"}, {}, "transient-server", None),
    "starttls missing": ({}, {"security": "starttls"}, "config-error", None),
    "starttls 454": (STARTTLS | {"STAR": "454 not now"}, {"security": "starttls"}, "config-error", 454),
    "starttls 501": (STARTTLS | {"STAR": "501 no"}, {"security": "starttls"}, "config-error", 501),
    "auth 535": (AUTH_PLAIN | {"AUTH": "535 bad"}, ME, "config-error", 535),
    "auth 534": (AUTH_PLAIN | {"AUTH": "534 weak"}, ME, "config-error", 534),
    "auth 454": (AUTH_PLAIN | {"AUTH": "454 later"}, ME, "transient-server", 454),
    "auth drop": (AUTH_PLAIN | {"AUTH": "drop"}, ME, "transient-server", None),
    "auth missing": ({}, ME, "config-error", None),
    "mail 421": ({"MAIL": "421 bye"}, {}, "transient-server", 421),
    "mail 451": ({"MAIL": "451 later"}, {}, "transient-server", 451),
    "mail 452": ({"MAIL": "452 full"}, {}, "transient-server", 452),
    "mail 550": ({"MAIL": "550 not you"}, {}, "config-error", 550),
    "mail drop": ({"MAIL": "drop"}, {}, "transient-server", None),
    "rcpt 450": ({"RCPT": "450 greylisted"}, {}, "transient-message", 450),
    "rcpt 421": ({"RCPT": "421 bye"}, {}, "transient-server", 421),
    "rcpt 550": ({"RCPT": "550 unknown"}, {}, "recipient-dead", 550),
    "rcpt drop": ({"RCPT": "drop"}, {}, "transient-server", None),
    "data 451": ({"DATA": "451 busy"}, {}, "transient-message", 451),
    "data 554": ({"DATA": "554 no"}, {}, "recipient-dead", 554),
    "data drop": ({"DATA": "drop"}, {}, "transient-server", None),
    "dot 421": ({"DOT": "421 bye"}, {}, "transient-server", 421),
    "dot 451": ({"DOT": "451 later"}, {}, "transient-message", 451),
    "dot 554": ({"DOT": "554 spam"}, {}, "recipient-dead", 554),
    "dot garbage": ({"DOT": "what"}, {}, "in-doubt", -1),
    "dot drop": ({"DOT": "drop"}, {}, "in-doubt", None),
    "dot silence": ({"DOT": "hang"}, {}, "in-doubt", None),
    "dot trickle": ({"DOT": "trickle " + "x" * 500}, {}, "in-doubt", None),
}
NUMBERED = [f"{number} of {len(EVENTS)} {name}" for number, name in enumerate(EVENTS, 1)]


@pytest.mark.parametrize(("script", "fields", "label", "code"), EVENTS.values(), ids=NUMBERED)
def test_every_event_lands_in_its_class(scripted, smtp, script, fields, label, code):
    server = scripted(script)
    with SmtpSession(smtp(server.port, **SHORT | fields)) as session:
        outcome = session.send(YOU, WIRE)
    assert (outcome.label, outcome.code) == (label, code)
    assert outcome.reason
    assert SECRET not in outcome.reason
    assert len(server.taken) == (label == "in-doubt" and "trickle" not in script["DOT"] and code is None)


def test_some_recipients_refused_is_told_of_each(scripted, smtp):
    server = scripted({"RCPT": ["250 ok", "550 unknown", "450 greylisted", "250 ok"]})
    with SmtpSession(smtp(server.port)) as session:
        labels = [session.send(f"{name}@example.com", WIRE).label for name in "abcd"]
    assert labels == ["accepted", "recipient-dead", "transient-message", "accepted"]
    assert [name for name, _ in server.taken] == ["a@example.com", "d@example.com"]
    assert server.connections == 1


@pytest.mark.parametrize(("event", "connections", "label"), [("RCPT", 1, "transient-server"), ("MAIL", 2, "accepted")])
def test_only_a_connection_that_was_tired_before_the_message_is_opened_again(scripted, smtp, event, connections, label):
    server = scripted({event: ["250 ok", "drop"]})
    with SmtpSession(smtp(server.port)) as session:
        assert session.send(YOU, WIRE).label == "accepted"
        assert session.send(YOU, WIRE).label == label
    assert server.connections == connections


def test_a_message_arrives_byte_for_byte(scripted, smtp):
    server = scripted()
    with SmtpSession(smtp(server.port)) as session:
        assert session.send(YOU, WIRE).label == "accepted"
    assert server.taken == [(YOU, WIRE.encode())]


def test_one_connection_serves_a_flush(scripted, smtp):
    server = scripted({"RCPT": ["250 ok", "550 unknown", "250 ok"]})
    with SmtpSession(smtp(server.port)) as session:
        labels = [session.send(name, WIRE).label for name in ("a@b.c", "dead@b.c", "c@b.c")]
    server.close()
    assert labels == ["accepted", "recipient-dead", "accepted"]
    assert server.connections == 1
    assert server.commands[-1].upper() == "QUIT"


def test_a_server_that_tired_of_the_connection_gets_a_new_one(scripted, smtp):
    server = scripted({"MAIL": ["250 ok", "421 enough"]})
    with SmtpSession(smtp(server.port)) as session:
        assert [session.send(YOU, WIRE).label for _ in range(2)] == ["accepted", "accepted"]
    assert server.connections == 2


def test_nobody_listens(scripted, smtp):
    server = scripted()
    server.close()
    with SmtpSession(smtp(server.port)) as session:
        assert session.send(YOU, WIRE).label == "transient-server"


def test_a_trickle_ends_at_the_total_deadline(scripted, smtp):
    server = scripted({"BANNER": "trickle " + "x" * 500})
    with SmtpSession(smtp(server.port, total_timeout=1)) as session:
        outcome = session.send(YOU, WIRE)
    assert (outcome.label, outcome.reason) == ("transient-server", "no answer within 1 s")


def test_dots():
    assert dotted(b".a\r\nb\r\n..c") == b"..a\r\nb\r\n...c\r\n.\r\n"


# --- A real server -----------------------------------------------------------------------------------------------------


class AnyPort(Controller):
    """Its check that it answers goes to the port it was given by the system."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Keep:
    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802
        self.envelopes.append((session.ssl is not None, session.authenticated, envelope))
        return "250 kept"


def authenticator(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password.decode() == SECRET, handled=False)


@pytest.fixture
def real(certificate):
    """Starts aiosmtpd with TLS by STARTTLS or from the first byte."""
    started = []

    def start(*, starttls=False, implicit=False, auth=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        options = {"auth_required": True, "authenticator": authenticator, "auth_require_tls": starttls} if auth else {}
        controller = AnyPort(
            Keep(),
            hostname="127.0.0.1",
            port=0,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            ssl_context=context if implicit else None,
            **options,
        )
        controller.start()
        started.append(controller)
        return controller.handler, controller.port

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def send(settings):
    with SmtpSession(settings) as session:
        return session.send(YOU, WIRE)


@pytest.mark.parametrize(
    ("security", "server"), [("starttls", {"starttls": True}), ("ssl", {"implicit": True}), ("none", {})]
)
def test_security(real, smtp, trusted, security, server):
    handler, port = real(**server)
    assert send(smtp(port, host="localhost", security=security)).label == "accepted"
    [(encrypted, _, envelope)] = handler.envelopes
    assert encrypted is (security == "starttls")  # aiosmtpd does not say so of TLS from the first byte
    assert (envelope.rcpt_tos, envelope.content) == ([YOU], WIRE.encode())


@pytest.mark.parametrize(("security", "server"), [("starttls", {"starttls": True}), ("ssl", {"implicit": True})])
def test_an_untrusted_certificate_stops_the_sending(real, smtp, security, server):
    handler, port = real(**server)
    outcome = send(smtp(port, host="localhost", security=security))
    assert outcome.label == "config-error"
    assert "certificate of localhost is not trusted" in outcome.reason
    assert handler.envelopes == []


def test_a_certificate_of_another_name_stops_the_sending(real, smtp, trusted):
    handler, port = real(starttls=True)
    assert send(smtp(port, host="127.0.0.1", security="starttls")).label == "config-error"
    assert handler.envelopes == []


@pytest.mark.parametrize("reply", [None, "454 not now", "501 no"])
def test_never_without_tls_where_it_is_asked_for(scripted, smtp, reply):
    script = {} if reply is None else {"EHLO": "250-test\r\n250 STARTTLS", "STAR": reply}
    server = scripted(script)
    outcome = send(smtp(server.port, security="starttls", username="me", password=SECRET))
    assert outcome.label == "config-error"
    assert outcome.reason.startswith("STARTTLS: ")
    assert server.taken == []
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


def test_authentication(real, smtp, trusted):
    handler, port = real(starttls=True, auth=True)
    right = smtp(port, host="localhost", security="starttls", username="me", password=SECRET)
    assert send(right).label == "accepted"
    assert handler.envelopes[0][1] is True
    wrong = send(smtp(port, host="localhost", security="starttls", username="me", password="wr0ng-one"))
    assert (wrong.label, wrong.code) == ("config-error", 535)
    assert "wr0ng-one" not in wrong.reason
    missing = send(smtp(port, host="localhost", security="starttls"))
    assert missing.label == "config-error"
    assert len(handler.envelopes) == 1


def test_a_mechanism_that_the_server_does_not_take_is_followed_by_the_next(scripted, smtp):
    server = scripted({"EHLO": "250-test\r\n250 AUTH CRAM-MD5 PLAIN", "AUTH": ["504 not that one"]})
    assert send(smtp(server.port, username="me", password=SECRET)).label == "accepted"


def test_a_wrong_password_is_offered_once(scripted, smtp):
    server = scripted({"EHLO": "250-test\r\n250 AUTH PLAIN LOGIN", "AUTH": "535 bad"})
    assert send(smtp(server.port, username="me", password=SECRET)).label == "config-error"
    assert len([command for command in server.commands if command.startswith("AUTH")]) == 1


def test_a_server_that_echoes_the_password_does_not_get_it_into_a_reason(scripted, smtp):
    blob = base64.b64encode(f"\0me\0{SECRET}".encode()).decode()
    server = scripted({"EHLO": "250-test\r\n250 AUTH PLAIN", "AUTH": f"535 no: {blob} {SECRET}"})
    outcome = send(smtp(server.port, username="me", password=SECRET))
    assert SECRET not in outcome.reason
    assert blob not in outcome.reason
    assert outcome.reason == "AUTH: 535 no: <secret> <secret>"
