"""To whom an alert goes: a delivery row for each recipient, written with the alert."""

from sqlalchemy import Connection

from alerts.rules import Rule
from horses_scrapy.storage import alerts as sql

MAIL = "mail"
APPRISE = "apprise"
NOBODY = "no recipient: set EMAIL_RECIPIENT"
WHY_LOGGED = {
    "disabled": "alerts.enabled is false: nothing is queued",
    "log_only": "alerts.log_only is true: nothing is queued",
}


def address(connection: Connection, alert_id: int, rule: Rule, usual: tuple[str, ...], mode: str) -> None:
    """Pending where it is to be sent; `logged`, with the reason, where nothing is queued."""
    asked = usual if rule.recipients is None else rule.recipients
    recipients = tuple(dict.fromkeys(asked)) or ("",)
    reason = WHY_LOGGED.get(mode, None if asked else NOBODY)
    state = "pending" if reason is None else "logged"
    for name in recipients:
        sql.add_deliveries(connection, alert_id, (name,), channel=channel_of(name), state=state, reason=reason)


def channel_of(recipient: str) -> str:
    """Mail to whatever holds an @; other names are channels of the rule file."""
    return MAIL if "@" in recipient or not recipient else APPRISE
