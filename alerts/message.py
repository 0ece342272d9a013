"""What goes to a channel: alerts of one race or track, or a notice of our own; and what a channel makes of it."""

from dataclasses import dataclass

from alerts.wording.detail import Detail


@dataclass(frozen=True, slots=True)
class Told:
    """An alert in a message. `key` is the same for the same alert in whatever message it goes."""

    key: str
    detail: Detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message that is about no alert: what was capped, that we are alive. key: the same for the same notice."""

    key: str
    subject: str
    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished message: `wire` is what is sent, at every attempt, byte for byte."""

    message_id: str
    subject: str
    wire: str
