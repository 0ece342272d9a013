"""What a channel does: makes a message, once, and offers it, as often as needed."""

from collections.abc import Sequence
from typing import Protocol, Self

from alerts.message import Composed, Notice, Told
from alerts.outcome import Outcome


class Session(Protocol):
    """A connection that sends several messages and is closed after them."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def send(self, recipient: str, wire: str) -> Outcome:
        """Offer one message; the outcome, whatever happens. Raises nothing."""
        ...


class Channel(Protocol):
    """One way to reach people. `name` is that of alert_delivery.channel."""

    name: str

    def compose(self, alerts: Sequence[Told], recipient: str, now_ms: int) -> Composed:
        """One message about the alerts of one race or track. Raises UnsafeMail."""
        ...

    def notice(self, notice: Notice, recipient: str, now_ms: int) -> Composed: ...

    def session(self) -> Session: ...
