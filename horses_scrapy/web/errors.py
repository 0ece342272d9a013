"""What an answer refuses with: {"error": {"code", "message"}} and a status. Handled in guard/errors.py."""

from horses_scrapy.errors import HorsesError


class Refused(HorsesError):
    """code: for programs, such as not_found; the message is for people and never shows what is inside."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class NotThere(Refused):
    def __init__(self, what: str) -> None:
        super().__init__(404, "not_found", f"{what}: there is none")
