"""The OpenAPI document: FastAPI's, with our errors and our key."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from horses_scrapy.web.guard.key import Keys

Document = dict[str, Any]

ABOUT = (
    "Live tote odds as stored: read only. Instants are ISO 8601 in UTC, money is in whole units of a named currency, "
    "prices are objects (decimal odds, profit per 1, the source's text). Odds are estimates until a race is official."
)
KEY = "key"
SCHEMES = {KEY: {"type": "http", "scheme": "bearer", "description": "API_KEY, where one is set."}}
ERROR = {
    "type": "object",
    "title": "Error",
    "additionalProperties": False,
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "additionalProperties": False,
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "For programs."},
                "message": {"type": "string", "description": "For people."},
            },
        }
    },
}
ERRORS = {
    "400": "The request cannot be answered: the message names the parameter and what is expected.",
    "401": "A key is set, and none or another one was given.",
    "429": "Too many requests: see Retry-After.",
    "503": "The database does not answer now, or too many streams are open.",
}
UNUSED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own; ours is Error."""


def describe(app: FastAPI, keys: Keys) -> None:
    def document() -> Document:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
            app.openapi_schema = _completed(made, keys)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # as FastAPI's documentation has it


def _completed(document: Document, keys: Keys) -> Document:
    parts = document.setdefault("components", {})
    schemas = {name: one for name, one in parts.get("schemas", {}).items() if name not in UNUSED}
    parts |= {"schemas": {**schemas, "Error": ERROR}, "securitySchemes": SCHEMES}
    document["security"] = [{KEY: []}] if keys.asked else [{KEY: []}, {}]
    for operation in operations(document):
        answers = operation["responses"]
        answers.pop("422", None)
        for status, why in ERRORS.items():
            answers.setdefault(status, {"description": why})
        for status in answers:
            if status[0] in "45" and "application/json" not in answers[status].get("content", {}):
                answers[status]["content"] = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return document


def operations(document: Document) -> Iterator[Document]:
    for path in document["paths"].values():
        yield from path.values()
