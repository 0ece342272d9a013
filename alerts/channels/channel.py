"""What a channel does: makes a message, once, and offers it, as often as needed."""

from collections.abc import Sequence
from typing import Protocol, Self

from alerts.message import Composed, Notice, Told
from alerts.outcome import Outcome
from horses_scrapy.storage.outbox_rows import Whose


class Session(Protocol):
    """A connection that sends several messages and is closed after them."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def send(self, recipient: str, wire: str) -> Outcome:
        """Offer one message; the outcome, whatever happens. Raises nothing."""
        ...


class Channel(Protocol):
    """One way to reach people. `name` is that of alert_delivery.channel.

    lanes: its servers, each with a sender and a breaker of its own, so that one that hangs keeps up no other; for each
    the recipients whose messages go there. Every recipient has one.
    """

    name: str

    @property
    def lanes(self) -> Sequence[Whose]: ...

    @property
    def where(self) -> str:
        """Where its messages go, for a log; no secret."""
        ...

    def compose(self, alerts: Sequence[Told], recipient: str, now_ms: int) -> Composed:
        """One message about the alerts of one race or track. Raises UnsafeMail."""
        ...

    def notice(self, notice: Notice, recipient: str, now_ms: int) -> Composed: ...

    def session(self) -> Session: ...

    def title(self, wire: str) -> str:
        """The subject line of a finished message, for a log."""
        ...

    def text(self, wire: str) -> str:
        """The body of a finished message, for a reader."""
        ...
