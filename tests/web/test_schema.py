"""The OpenAPI document against the application, by schemathesis: whatever is asked, the answer is as it says, and no 500.

It is told nothing of NUL characters and of years before 1970 or after 2200: they are refused with 400, which no schema says.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from serving import served

from horses_scrapy.web.app import create_app

KEY = "correct-horse-battery-staple"
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "unsupported_method", "allow_header_conformance", "ignored_auth",
)  # fmt: skip


@pytest.fixture
def board(house_of):
    """Its address."""
    unlimited = {"HORSES_API__BURST": "100000", "HORSES_API__REQUESTS_PER_SECOND": "10000"}
    house = house_of(API_KEY=KEY, **unlimited)
    with served(create_app(house.settings, house.clock, house.store)) as url:
        yield url


def tried(url: str, folder: Path, *options: str) -> None:
    """Every operation but the stream, which does not end: answered as it says, and not only with errors."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run", f"{url}/api/v1/openapi.json"]
    command += ["-H", f"Authorization: Bearer {KEY}", "--exclude-path", "/api/v1/stream", "-c", ",".join(CHECKS)]
    command += ["--generation-deterministic", "--generation-allow-x00", "false"]
    command += ["--report", "json", "--report-json-path", "report.json", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "report.json").read_text())
    assert report["operations"]["tested"] == report["operations"]["total"] - 1
    for operation, rates in report["valid_rates"].items():
        assert rates["fuzzing"]["accepted"] > 0, operation


def test_answers_are_as_the_document_says(board, tmp_path):
    tried(board, tmp_path, "--phases", "fuzzing", "-n", "10")


@pytest.mark.slow
def test_many_answers_are_as_the_document_says(board, tmp_path):
    tried(board, tmp_path, "-n", "150", "--max-time", "600")
