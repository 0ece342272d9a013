"""What every block of a configuration file shares: strictness, and nothing secret or meaningless in it."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, field_validator

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?")


class Block(BaseModel):
    """Unknown keys, NaN and infinity are errors, and an error never repeats the input: it may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _not_yes_or_no(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is not bool:
            raise ValueError("yes, no, on, off, true and false are not text in YAML: put quotes around it")
        return value


def address(text: str) -> str:
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError("one e-mail address is expected, like name@example.com")
    return text


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("line breaks and control characters are not allowed")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no such IANA time zone: {name}") from error
    return name


def split(value: object) -> object:
    """A variable's text at its commas; what a file lists stays."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(address)]
"""What a mail can be sent to: an addr-spec, no display name, nothing that could end an SMTP or header line."""
Line = Annotated[str, AfterValidator(_one_line)]
"""Text that goes into a header or a host name."""
Zone = Annotated[str, AfterValidator(_zone)]
"""An IANA name."""
