"""How an attempt to send ended, and what that means for the message."""

from dataclasses import dataclass
from typing import Literal

Label = Literal["accepted", "transient-server", "transient-message", "recipient-dead", "config-error", "in-doubt"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`reason` holds the server's words, and never a secret."""

    label: Label
    code: int | None
    reason: str

    @property
    def charged(self) -> bool:
        """Whether the attempt counts against the message: a server that is down is not its fault."""
        return self.label in {"transient-message", "in-doubt"}


ACCEPTED = Outcome("accepted", 250, "")
