"""Changing parsed JSON documents by path: `data.runners[0].odds.pool_win`."""

import json
import re
from collections.abc import Iterator
from typing import Any

from scrapy.http import TextResponse


def response(document: Any, url: str = "https://example.test/x") -> TextResponse:
    return TextResponse(url, body=json.dumps(document).encode(), encoding="utf-8")


def _keys(path: str) -> list[str | int]:
    return [int(key) if key.isdecimal() else key for key in re.findall(r"[^.\[\]]+", path)]


def _key(document: Any, key: str | int) -> str | int:
    """A number is an index in a list, and a name in an object: `result.1[0]`."""
    return str(key) if isinstance(document, dict) else key


def put(document: Any, path: str, value: Any) -> Any:
    *above, last = _keys(path)
    for key in above:
        document = document[_key(document, key)]
    document[_key(document, last)] = value
    return document


def remove(document: Any, path: str) -> None:
    *above, last = _keys(path)
    for key in above:
        document = document[_key(document, key)]
    del document[_key(document, last)]


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object within."""
    if isinstance(document, dict):
        yield document
    for child in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from objects(child)
