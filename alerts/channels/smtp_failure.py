"""What a failed step of a mail conversation means for the message (RELIABILITY.md 3.2)."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from alerts.outcome import Label, Outcome
from horses_scrapy.config.model import Smtp

UNAVAILABLE = 421
"""The server closes the channel, whatever the command was."""
PERMANENT = 500


class Failure(Exception):
    """Carries the outcome of a failed step up to `send`. `step`: its name."""

    def __init__(self, outcome: Outcome, step: str = "") -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome
        self.step = step


def of_message(code: int) -> Label:
    """Of a reply to RCPT, DATA or the final dot: it is about this message, unless the server goes."""
    if code == UNAVAILABLE or code < 0:
        return "transient-server"
    return "transient-message" if code < PERMANENT else "recipient-dead"


def expect(holds: bool, label: Label, code: int, words: bytes) -> None:
    if not holds:
        raise Failure(outcome_of(label, code, words))


def outcome_of(label: Label, code: int, words: bytes | str) -> Outcome:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return Outcome(label, code, f"{code} {text}")


@contextmanager
def step(name: str, smtp: Smtp, broken: Label = "transient-server") -> Iterator[None]:
    """Name the step in a failure; a connection that breaks off means `broken`."""
    try:
        yield
    except Failure as failure:
        outcome = failure.outcome
        raise Failure(Outcome(outcome.label, outcome.code, f"{name}: {outcome.reason}"), name) from failure
    except ssl.SSLEOFError as error:
        raise Failure(Outcome(broken, None, f"{name}: the connection broke off"), name) from error
    except ssl.SSLError as error:
        raise Failure(Outcome("config-error", None, f"{name}: {_of_tls(error, smtp.host)}"), name) from error
    except smtplib.SMTPResponseException as error:
        outcome = outcome_of(broken, error.smtp_code, error.smtp_error)
        raise Failure(Outcome(broken, outcome.code, f"{name}: {outcome.reason}"), name) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Failure(Outcome(broken, None, f"{name}: {error or type(error).__name__}"), name) from error


def _of_tls(error: ssl.SSLError, host: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {host} is not trusted: {error.verify_message}"
    return f"TLS with {host}: {error.reason or error}"
