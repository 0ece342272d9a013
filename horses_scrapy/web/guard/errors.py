"""How an error is put: JSON for programs, a page for browsers. Never with what is inside."""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from horses_scrapy.errors import StoreError
from horses_scrapy.web.desk import Desk
from horses_scrapy.web.errors import Refused
from horses_scrapy.web.render import render

CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "timeout",
    413: "too_large",
    414: "address_too_long",
    429: "too_many_requests",
    431: "headers_too_large",
    500: "internal_error",
    503: "unavailable",
}
FOR_PROGRAMS = ("/api/", "/metrics", "/healthz")
RETRY_S = 2
MOST_FAULTS = 5
"""Of one request, that are named."""

logger = logging.getLogger(__name__)


def handle(app: FastAPI) -> None:
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _by_status)
    app.add_exception_handler(StoreError, _no_database)


def refusal(scope: Scope, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    given = {**(headers or {}), "Cache-Control": "no-store"}
    if is_for_programs(scope["path"]):
        return Response(json_error(refused.code, str(refused)), refused.status, given, "application/json")
    return HTMLResponse(
        page(scope, "refused.html", {"status": refused.status, "message": str(refused)}), refused.status, given
    )


def page(scope: Scope, template: str, given: Mapping[str, object]) -> bytes:
    """One that needs no database."""
    desk: Desk = scope["app"].state.desk
    around = {"now_ms": desk.clock.now_ms(), "rate": desk.clock.rate, "path": scope["path"]}
    return render(template, {**around, **given})


def json_error(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False).encode()


def is_for_programs(path: str) -> bool:
    return path.startswith(FOR_PROGRAMS)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal(request.scope, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return refusal(request.scope, Refused(400, CODES[400], _faults(error.errors())))


async def _by_status(request: Request, error: Exception) -> Response:
    """What FastAPI itself refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    code = CODES.get(error.status_code, "refused")
    message = "there is nothing here" if error.status_code == HTTPStatus.NOT_FOUND else error.detail
    return refusal(request.scope, Refused(error.status_code, code, message), error.headers)


async def _no_database(request: Request, error: Exception) -> Response:
    logger.error("%s: %s", asked(request.scope), error)
    refused = Refused(503, CODES[503], "the database does not answer now; try again")
    return refusal(request.scope, refused, {"Retry-After": str(RETRY_S), "Refresh": str(RETRY_S)})  # a page tries again


def asked(scope: Scope) -> str:
    """For the log: the route and not the path, which may hold the token of a mute."""
    return f"{scope['method']} {getattr(scope.get('route'), 'path', '(no route)')}"


def _faults(faults: Sequence[Any]) -> str:
    """`query limit: Input should be ...`. What was given is not repeated: it may be a key."""
    told = [f"{' '.join(str(part)[:60] for part in fault['loc'])}: {fault['msg']}" for fault in faults[:MOST_FAULTS]]
    return "; ".join(told)
