"""Secrets that stand elsewhere: NAME_FILE is the path of a file that holds NAME, NAME_COMMAND a command that prints it."""

import shlex
import subprocess
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from horses_scrapy.config.variables import COMMAND, FILE, Layer

MAX_BYTES = 65_536
TIMEOUT = 10


class Unread(Exception):
    """Why a secret could not be had; says nothing of what was read."""


def resolved(layers: Collection[Layer], names: Iterable[str], home: Path, found: list[str]) -> list[Layer]:
    """The layers with NAME where they have NAME_FILE or NAME_COMMAND. `found` gets the faults, with no part of a secret."""
    names = list(dict.fromkeys(names))
    found += _given_twice(layers, names)
    return [_with_secrets(layer, names, home, found) for layer in layers]


def _given_twice(layers: Collection[Layer], names: Iterable[str]) -> Iterator[str]:
    """Whichever won, somebody would wonder."""
    for name in names:
        given = {
            name + form: layer.origin(name + form)
            for layer in layers
            for form in ("", FILE, COMMAND)
            if layer.values.get(name + form)
        }
        if len(given) > 1:
            first, *others = given.values()
            yield f"{first}: {name} is given by {' and '.join(others)} too; keep one of them"


def _with_secrets(layer: Layer, names: Iterable[str], home: Path, found: list[str]) -> Layer:
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    for name in names:
        for form, read in ((FILE, _of_file), (COMMAND, _of_command)):
            told = layer.values.get(name + form)
            if told:
                origins[name] = layer.origin(name + form)
                try:
                    values[name] = _one(read(told, home))
                except Unread as error:
                    found.append(f"{origins[name]}: {error}")
    return layer.with_values(values, origins) if origins else layer


def _one(content: bytes) -> str:
    try:
        secret = content.decode().strip()
    except UnicodeDecodeError:
        raise Unread("gave something that is not UTF-8 text") from None
    if not secret:
        raise Unread("gave nothing")
    return secret


def _of_file(told: str, home: Path) -> bytes:
    path = home / told
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unread(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise Unread(f"{path}: larger than {MAX_BYTES} bytes")
    return content


def _of_command(told: str, home: Path) -> bytes:
    """Without a shell. What it printed appears in no message, and its own complaints neither: both may quote the secret."""
    try:
        words = shlex.split(told)
        ended = subprocess.run(  # noqa: S603 (the operator's own command)
            words, cwd=home, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False
        )
    except ValueError:
        raise Unread("the command is not well quoted") from None
    except OSError as error:
        raise Unread(f"the command {words[0]} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Unread(f"the command did not end within {TIMEOUT} s") from None
    if ended.returncode:
        raise Unread(f"the command ended with exit status {ended.returncode}")
    return ended.stdout
