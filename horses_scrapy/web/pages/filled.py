"""Pages with a form that filters: what is left empty is not asked by."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response
from fastapi.routing import APIRoute


class FilledForm(APIRoute):
    """A browser sends empty fields of a form too; here they are as good as absent."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_filled(request: Request) -> Response:
            filled = parse_qsl(request.scope["query_string"].decode("latin-1"))  # leaves out what is empty
            return await handle(Request({**request.scope, "query_string": urlencode(filled).encode()}, request.receive))

        return handle_filled
