"""How much each client may ask."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

MOST_CLIENTS = 10_000


class Buckets:
    """One for each client: full at first, filled again at `rate` a second. The longest unseen clients are forgotten."""

    def __init__(
        self, rate: float, burst: int, most: int = MOST_CLIENTS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """0: it may. Else the seconds after which it may; nothing is taken."""
        now = self._now()
        left, at = self._left.pop(client, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._rate)
        may = left >= 1
        self._left[client] = (left - 1 if may else left, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return 0.0 if may else (1 - left) / self._rate

    def __len__(self) -> int:
        return len(self._left)


def address_of(scope: Scope) -> str:
    """Of IPv6 the /64: one machine has as many of the rest as it likes."""
    host = scope["client"][0] if scope.get("client") else "-"
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))
    return str(address)
