"""What an errback yields after a failed download passes no spider middleware: this lets one see it all the same."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from scrapy.http import Request
from twisted.python.failure import Failure

Errback = Callable[[Failure], Iterable[Any] | None]
Watch = Callable[[Errback, Failure], Iterable[Any] | None]


def watched(one: Any, watch: Watch) -> Any:
    """An item as it is; a request with `watch` in front of its errback."""
    if not isinstance(one, Request) or one.errback is None:
        return one
    return one.replace(errback=partial(watch, one.errback))
