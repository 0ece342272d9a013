"""Betfair's answers: the JSON-RPC envelope, what its error codes stand for, and its numbers."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import Blocked, ParseError
from horses_scrapy.items import Source
from horses_scrapy.sources.json_body import Json, read_json

SOURCE = Source("betfair", "decimal", "pool")
REQUEST_ID = 1
NO_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
"""Texts that stand where a number is not there."""
SESSION_CODES = frozenset({"INVALID_SESSION_INFORMATION", "NO_SESSION"})
REFUSALS = SESSION_CODES | {"NO_APP_KEY", "INVALID_APP_KEY", "ACCESS_DENIED", "TOO_MANY_REQUESTS"}
_LARGEST_SIZE = 10**12


class SessionLost(Blocked):
    """The service does not know our session any more: it expired early, or a log-out elsewhere ended it."""


def call(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The body of a JSON-RPC request of the betting API."""
    return {"jsonrpc": "2.0", "method": f"SportsAPING/v1.0/{method}", "params": params, "id": REQUEST_ID}


def read_result(response: Response) -> list[Json]:
    """The answer's list. Raises SessionLost, Blocked or ParseError, each with the service's own code."""
    document = read_json(response)
    result = document.get("result")
    if result is not None:
        return result.elements()
    code = _code(document)
    text = f"{response.url}: the service answers {code}"
    if code in SESSION_CODES:
        raise SessionLost(text)
    if code in REFUSALS:
        raise Blocked(text)
    raise ParseError(text if code is not None else f"{response.url}: result: missing")


def _code(document: Json) -> str | None:
    """APINGException's code, else JSON-RPC's message; errors from before it has begun say errorCode or faultstring."""
    error = document.get("error")
    if error is None:
        return document.optional_text("errorCode") or document.optional_text("faultstring")
    data = error.get("data")
    exception = data.get("APINGException") if data is not None else None
    if exception is not None:
        return exception["errorCode"].text()
    return error.optional_text("message") or "an error without a code"


def quote(node: Json | None) -> odds.Quote:
    """A price of a runner. Absent, null, NaN and Infinity all mean that there is none."""
    if node is None or (isinstance(node.value, str) and node.value in NO_NUMBERS):
        return odds.NOT_QUOTED
    return node.quote()


def size(node: Json) -> Decimal:
    """Money in units of the currency. Sums that were converted carry binary noise (5.022000000000001 was recorded)."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ParseError(f"{node.path}: money is expected, not {str(value)[:40]!r}")
    amount = Decimal(value)
    if not 0 <= amount <= _LARGEST_SIZE:
        raise ParseError(f"{node.path}: {str(value)[:40]} is no sane sum of money")
    return amount


def minor(amount: Decimal) -> int:
    """In minor units, rounded to the nearest."""
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
