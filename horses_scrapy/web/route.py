"""Which endpoint a request has found, by its template: few values, whatever is asked for."""

from collections.abc import MutableMapping
from typing import Any

API = "/api/v1"
UNMATCHED = "other"


def route_of(scope: MutableMapping[str, Any] | None) -> str:
    """`/api/v1/races/{race_id}`, `/static`, or `other`: none found (yet), none of ours, or outside a request."""
    if scope is None:
        return UNMATCHED
    route = scope.get("route")
    path = getattr(route, "path", None)
    if path is None:
        # Files are an application of their own; nothing else of ours is.
        return "/static" if scope["path"].startswith("/static/") else UNMATCHED
    # An included router's routes do not know what stands before them.
    return f"{API}{path}" if scope["path"].startswith(f"{API}/") and not path.startswith(API) else str(path)
