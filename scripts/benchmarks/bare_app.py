"""The neighbour of the API: FastAPI on uvicorn as we run it, with an endpoint that returns the same few bytes.

`python -m benchmarks.bare_app PORT` serves it until SIGTERM.
"""

import sys

import uvicorn
from fastapi import FastAPI, Response

CONSTANT = b'{"races": []}'
PATH = "/constant"

app = FastAPI(openapi_url=None)


@app.get(PATH)
async def constant() -> Response:
    return Response(CONSTANT, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
