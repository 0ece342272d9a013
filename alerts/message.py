"""What goes to a channel: alerts of one race or track, or a notice of our own; and what a channel makes of it."""

from dataclasses import dataclass

from alerts.wording.detail import Detail


@dataclass(frozen=True, slots=True)
class Told:
    """An alert in a message. `key` is the same for the same alert in whatever message it goes.

    race_id: None where it is about no race. program: the horse that it is about, None where it is about none, or a pair.
    """

    key: str
    detail: Detail
    race_id: int | None = None
    program: str | None = None


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
