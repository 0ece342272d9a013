"""The OpenAPI document as the page /docs shows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from horses_scrapy.web.guard.openapi import ERRORS, Document

Schema = Mapping[str, Any]
LIMITS = {"minimum": "from {}", "maximum": "to {}", "maxLength": "to {} characters"}
UNSAID = "Successful Response"
"""FastAPI's description of an answer without one."""
NO_CONTENT: Schema = {"": {}}
SAMPLES = {"integer": "1", "number": "1"}


@dataclass(frozen=True, slots=True)
class Field:
    """Of an answer, or a parameter. `kind` in words; `link` names the answer that it is made of."""

    name: str
    kind: str
    about: str
    link: str | None = None
    place: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    anchor: str
    method: str
    path: str
    summary: str
    about: str
    parameters: list[Field]
    answers: list[Field]
    example: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What answers are made of. An object has fields."""

    name: str
    kind: str
    about: str
    fields: list[Field]


def endpoints(document: Document, address: str) -> Iterator[Endpoint]:
    """address: of the board, without a slash at the end."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield Endpoint(
                anchor=told["operationId"],
                method=method.upper(),
                path=path,
                summary=told.get("summary", path),
                about=told.get("description", ""),
                parameters=[_parameter(one) for one in told.get("parameters", [])],
                answers=list(_answers(told["responses"])),
                example=address + _example(path, told.get("parameters", [])),
            )


def shapes(document: Document) -> Iterator[Shape]:
    for name, told in sorted(document["components"]["schemas"].items()):
        fields = [_field(key, one) for key, one in told.get("properties", {}).items()]
        yield Shape(name, kind(told), told.get("description", ""), fields)


def kind(schema: Schema) -> str:
    """In words: `integer from 1 to 500`, `list of Runner`, `"win" or "place"`."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(one) for one in schema["anyOf"]))
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " or ".join(f'"{one}"' for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    limits = [text.format(schema[name]) for name, text in LIMITS.items() if name in schema]
    return " ".join([schema.get("format") or schema.get("type", "anything"), *limits])


def _parameter(told: Schema) -> Field:
    schema = told.get("schema", {})
    default = schema.get("default")
    about = told.get("description") or schema.get("description", "")
    said = kind(schema).removesuffix(" or null") + ("" if default in (None, []) else f", else {default}")
    return Field(told["name"], said, about, place=told["in"], required=told.get("required", False))


def _answers(responses: Mapping[str, Schema]) -> Iterator[Field]:
    """What each status brings, in their order; not what any endpoint may answer."""
    for status, told in sorted(responses.items()):
        if told.get("description") == ERRORS.get(status, ""):
            continue
        for media, content in (told.get("content") or NO_CONTENT).items():
            schema = content.get("schema", {})
            said = kind(schema) if media == "application/json" else media
            yield Field(status, said, told.get("description", "").removeprefix(UNSAID), link=_linked(schema))


def _field(name: str, schema: Schema) -> Field:
    return Field(name, kind(schema), schema.get("description", ""), link=_linked(schema))


def _linked(schema: Schema) -> str | None:
    inner = [schema, schema.get("items", {}), schema.get("additionalProperties", {}), *schema.get("anyOf", [])]
    inner += [one.get("items", {}) for one in schema.get("anyOf", [])]
    return next((_name(one) for one in inner if isinstance(one, dict) and "$ref" in one), None)


def _name(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _example(path: str, parameters: list[Schema]) -> str:
    """With the parameters that must be given."""
    needed = [one for one in parameters if one.get("required")]
    for one in needed:
        path = path.replace(f"{{{one['name']}}}", _sample(one))
    query = {one["name"]: _sample(one) for one in needed if one["in"] == "query"}
    return path + (f"?{urlencode(query)}" if query else "")


def _sample(parameter: Schema) -> str:
    schema = parameter.get("schema", {})
    given = [*parameter.get("examples", {}).values(), *schema.get("examples", []), *schema.get("enum", [])]
    return str(given[0] if given else SAMPLES.get(schema.get("type", ""), parameter["name"]))
