"""How bodies are compressed."""

import gzip

FROM = 2000
"""Bytes. A smaller answer fits into two packets as it is."""
LEVEL = 4
ENCODING = "gzip"


def packed(body: bytes) -> bytes:
    """The same bytes for the same body, whenever."""
    return gzip.compress(body, LEVEL, mtime=0)


def is_packed_for(accept_encoding: str, body: bytes) -> bool:
    """accept_encoding: the header."""
    return len(body) >= FROM and ENCODING in accept_encoding
