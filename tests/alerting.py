"""Rules and a mailer over a stored card: every horse of a race is told at each look, and the mails can be read."""

import re
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from alerts.channels.mail import MailChannel
from alerts.engine import Engine, Setting
from alerts.mute_link import Links
from alerts.outbox import Outbox, Verdict
from alerts.outcome import ACCEPTED
from alerts.rules import load_rules
from horses_scrapy.config.model import Smtp

RULES = """
delivery: {grouping: {wait: 0, interval: 0}, caps: {race: null, hour: null, day: null}}
rules:
  - {name: short, kind: win_odds_below, threshold: 99-1, rearm: 99-1, repeat: 0.1, minutes_to_post: [0, 4]}
"""


@dataclass
class Alerting:
    """Of a house (tests/web/conftest.py): its rules, for these recipients."""

    house: Any
    folder: Path
    recipients: tuple[str, ...] = ("ann@demo.example", "bob@demo.example")
    text: str = RULES
    mails: list[EmailMessage] = field(default_factory=list)

    def evaluate(self, race_id: int) -> None:
        """What fired is decided upon; the mails of it are taken by the server."""
        path = self.folder / "alerts.yaml"
        path.write_text(self.text, encoding="utf-8")
        rules = load_rules(path)
        setting = Setting(rules=rules, recipients=self.recipients)
        Engine(self.house.store, setting, self.house.clock).evaluate_race(race_id)
        smtp = Smtp.model_validate({"sender": "alerts@demo.example"})
        channels = {"mail": MailChannel(smtp, Links.of(self.house.settings.api))}
        outbox = Outbox(self.house.store, self.house.clock, rules.delivery, channels, rules)
        outbox.collect()
        for due in outbox.due("mail"):
            outbox.lease([due], "me")
            outbox.record(due, ACCEPTED, Verdict("sent"))
            self.mails.append(message_from_string(due.wire, EmailMessage, policy=policy.default))

    def mail_to(self, recipient: str) -> EmailMessage:
        """The newest."""
        return next(mail for mail in reversed(self.mails) if mail["To"] == recipient)


def links(mail: EmailMessage) -> dict[str, str]:
    """What a mail mutes -> the path of its link: `this race`, `#5`."""
    text = mail.get_body(("plain",)).get_content()
    return dict(re.findall(r"^Mute (.+): https?://[^/]+(/mute/\S+)\r?$", text, re.MULTILINE))
