"""The mail server: greeting, EHLO, TLS as configured, NOOP. No login and no mail."""

from contextlib import closing

from alerts.channels.smtp_connection import Connection, tls_context
from alerts.channels.smtp_failure import Failure, expect, step
from horses_scrapy.config.model import Smtp
from horses_scrapy.health.here import Here
from horses_scrapy.health.result import Result, fail, ok, skipped

ANSWER_S = 5.0


def smtp(here: Here) -> Result:
    told = here.settings.smtp
    if here.settings.system.dry_run:
        return skipped("system.dry_run opens no connection")
    if not told.recipients or not told.sender:
        return skipped("no mail is configured (EMAIL_SENDER, EMAIL_RECIPIENT)")
    where = f"{told.host}:{told.port} ({told.security})"
    try:
        _converse(told.model_copy(update={"connect_timeout": min(told.connect_timeout, ANSWER_S)}))
    except Failure as failure:
        return fail(f"{where}: {failure.outcome.reason}")
    return ok(f"{where} takes mail")


def _converse(told: Smtp) -> None:
    context = tls_context() if told.security != "none" else None
    with closing(Connection(told, context if told.security == "ssl" else None)) as server:
        with step("connect", told):
            code, words = server.connect(told.host, told.port)
            expect(code == 220, "transient-server", code, words)
            server.wait_at_most(ANSWER_S)
            server.ehlo_or_helo_if_needed()
        if told.security == "starttls" and context is not None:
            with step("STARTTLS", told):
                server.starttls(context=context)
                server.ehlo_or_helo_if_needed()
        with step("NOOP", told):
            code, words = server.noop()
            expect(code == 250, "transient-server", code, words)
            server.docmd("QUIT")
