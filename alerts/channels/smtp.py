"""One conversation with a mail server, and what each way to fail means for the message."""

import base64
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from alerts.channels.smtp_connection import Connection, dotted, tls_context
from alerts.channels.smtp_failure import PERMANENT, UNAVAILABLE, Failure, expect, of_message, outcome_of, step
from alerts.outcome import ACCEPTED, Label, Outcome
from alerts.safe_header import clean
from horses_scrapy.config.model import Smtp

UNKNOWN_MECHANISM = 504
GOODBYE = 2.0
"""Seconds for the answer to QUIT, which nobody needs."""


class SmtpSession:
    """Sends mails over one connection, opened at the first and used again while it holds."""

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp
        self._server: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException), self._deadline(GOODBYE):
                self._server.quit()
        self._close()

    def send(self, recipient: str, wire: str) -> Outcome:
        """Offer one message to one recipient; the outcome, whatever happens on the wire, within the total deadline."""
        with self._deadline(self._smtp.total_timeout) as late:
            try:
                self._offer(recipient, wire.encode("ascii"))
            except Failure as failure:
                self._close_unless_usable(failure.outcome)
                return self._told(failure.outcome, late.is_set())
        return ACCEPTED

    def _offer(self, recipient: str, wire: bytes) -> None:
        used_before = self._server is not None
        try:
            self._transfer(recipient, wire)
        except Failure as failure:
            # A server tires of a connection between two mails: that is seen at MAIL, and no fault of the next one.
            if not (used_before and failure.step == "MAIL" and failure.outcome.label == "transient-server"):
                raise
            self._close()
            self._transfer(recipient, wire)

    def _told(self, outcome: Outcome, late: bool) -> Outcome:
        if late:
            return Outcome(outcome.label, None, f"no answer within {self._smtp.total_timeout:g} s")
        return Outcome(outcome.label, outcome.code, self._without_secrets(outcome.reason))

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[threading.Event]:
        """`timeout` of a socket counts from byte to byte: this one ends the whole attempt."""
        late = threading.Event()

        def cut() -> None:
            late.set()
            server = self._server
            if server is not None:
                server.cut()

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()

    def _open(self) -> Connection:
        if self._server is not None:
            return self._server
        context = tls_context() if self._smtp.security != "none" else None
        with step("connect", self._smtp):
            self._server = Connection(self._smtp, context if self._smtp.security == "ssl" else None)
            code, words = self._server.connect(self._smtp.host, self._smtp.port)
            expect(code == 220, "transient-server", code, words)
            self._server.wait_at_most(self._smtp.command_timeout)
            self._server.ehlo_or_helo_if_needed()
        if self._smtp.security == "starttls" and context is not None:
            self._start_tls(self._server, context)
        if self._smtp.username:
            self._log_in(self._server)
        return self._server

    def _start_tls(self, server: Connection, context: ssl.SSLContext) -> None:
        with step("STARTTLS", self._smtp):
            try:
                server.starttls(context=context)
            except smtplib.SMTPNotSupportedError as error:
                raise Failure(Outcome("config-error", None, "the server does not offer it")) from error
            except smtplib.SMTPResponseException as error:
                # Never without TLS: whoever sits in between could refuse it just to read along.
                label: Label = "transient-server" if error.smtp_code == UNAVAILABLE else "config-error"
                raise Failure(outcome_of(label, error.smtp_code, error.smtp_error)) from error
            server.ehlo_or_helo_if_needed()

    def _log_in(self, server: Connection) -> None:
        with step("AUTH", self._smtp):
            server.user, server.password = self._smtp.username, self._smtp.password.get_secret_value()
            offered = server.esmtp_features.get("auth", "").upper().split()
            for mechanism in _mechanisms(encrypted=self._smtp.security != "none"):
                if mechanism in offered and _authenticated(server, mechanism):
                    return
            known = " ".join(offered) or "none"
            raise Failure(Outcome("config-error", None, f"the server offers no way to log in that works: {known}"))

    def _transfer(self, recipient: str, wire: bytes) -> None:
        server = self._open()
        with step("MAIL", self._smtp):
            server.wait_at_most(self._smtp.command_timeout)
            code, words = server.mail(self._smtp.sender)
            # The sender is refused, not this message: the whole queue waits.
            expect(code == 250, "transient-server" if code < PERMANENT else "config-error", code, words)
        with step("RCPT", self._smtp):
            code, words = server.rcpt(recipient)
            expect(code in {250, 251}, of_message(code), code, words)
        with step("DATA", self._smtp):
            code, words = server.docmd("DATA")
            expect(code == 354, of_message(code), code, words)
        with step("the final dot", self._smtp, broken="in-doubt"):
            server.wait_at_most(self._smtp.data_timeout)
            server.send(dotted(wire))
            code, words = server.getreply()
            expect(code == 250, "in-doubt" if code < 0 else of_message(code), code, words)

    def _close_unless_usable(self, outcome: Outcome) -> None:
        if outcome.label not in {"transient-message", "recipient-dead"} or self._server is None:
            self._close()
            return
        try:
            self._server.rset()
        except (OSError, smtplib.SMTPException):
            self._close()

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _without_secrets(self, text: str) -> str:
        password = self._smtp.password.get_secret_value()
        for secret in _forms(self._smtp.username, password):
            text = text.replace(secret, "<secret>")
        return clean(text, 300)


def _mechanisms(*, encrypted: bool) -> tuple[str, ...]:
    """Ways to log in, the best first: one that hides the password where the line does not."""
    return ("PLAIN", "LOGIN", "CRAM-MD5") if encrypted else ("CRAM-MD5", "PLAIN", "LOGIN")


def _authenticated(server: Connection, mechanism: str) -> bool:
    """False where the server wants another mechanism. A wrong password is offered once: more could lock the account."""
    answer = getattr(server, f"auth_{mechanism.lower().replace('-', '_')}")
    try:
        server.auth(mechanism, answer)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code == UNKNOWN_MECHANISM:
            return False
        label: Label = "transient-server" if error.smtp_code < PERMANENT else "config-error"
        raise Failure(outcome_of(label, error.smtp_code, error.smtp_error)) from error
    except UnicodeError as error:
        raise Failure(Outcome("config-error", None, "the user name and the password must be plain ASCII")) from error
    return True


def _forms(username: str, password: str) -> list[str]:
    """A password as a server may echo it: plain, and as AUTH LOGIN and AUTH PLAIN carry it."""
    if not password:
        return []
    raw = (password, f"\0{username}\0{password}")
    return [password, *(base64.b64encode(form.encode()).decode() for form in raw)]
