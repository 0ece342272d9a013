"""A response as a file: gzip of one line of JSON (the head) and the body. Of the headers, cookies are left out."""

import gzip
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scrapy import http
from scrapy.http import Response, TextResponse

_KINDS: Mapping[str, type[Response]] = {
    "JsonResponse": http.JsonResponse,
    "XmlResponse": http.XmlResponse,
    "HtmlResponse": http.HtmlResponse,
    "TextResponse": http.TextResponse,
    "Response": http.Response,
}
"""The most special first."""


class Unreadable(ValueError):
    """A file that holds no saved response."""


def head_of(response: Response) -> dict[str, Any]:
    """What makes the response again, together with its body. `kind` is its class in scrapy.http."""
    headers = {
        name.decode("latin-1"): [value.decode("latin-1") for value in values]
        for name, values in response.headers.items()
        if name.lower() != b"set-cookie"
    }
    kind = next(name for name, known in _KINDS.items() if isinstance(response, known))
    encoding = response.encoding if isinstance(response, TextResponse) else None
    return {"url": response.url, "status": response.status, "headers": headers, "kind": kind, "encoding": encoding}


def response_of(head: Mapping[str, Any], body: bytes, flags: list[str]) -> Response:
    """Raises Unreadable."""
    try:
        kind, encoding = _KINDS[head["kind"]], head["encoding"]
        more = {} if encoding is None else {"encoding": encoding}
        return kind(head["url"], status=head["status"], headers=head["headers"], body=body, flags=flags, **more)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def write(path: Path, head: Mapping[str, Any], body: bytes = b"") -> None:
    """Whole or not at all, whatever becomes of us."""
    line = json.dumps(head, ensure_ascii=False).encode()
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_bytes(gzip.compress(line + b"\n" + body, mtime=0))
    beside.replace(path)


def read(path: Path) -> tuple[dict[str, Any], bytes]:
    """Head and body. Raises Unreadable, FileNotFoundError."""
    try:
        line, newline, body = gzip.decompress(path.read_bytes()).partition(b"\n")
        head = json.loads(line)
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise Unreadable(f"{path}: {error}") from error
    if not newline or not isinstance(head, dict):
        raise Unreadable(f"{path}: a line of JSON and a body are expected")
    return head, body
