"""The OpenAPI document, and the page that is made of it."""

import re
from html import unescape

import pytest

from horses_scrapy.web.pages.described import kind


def operations(document):
    return [(path, method, told) for path, ways in document["paths"].items() for method, told in ways.items()]


def test_the_document_tells_our_errors_and_our_key(house):
    document = house.json("/api/v1/openapi.json")
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in str(document)
    for path, method, told in operations(document):
        assert method == "get", path
        assert {"200", "400", "401", "429", "503"} <= set(told["responses"]), path
        assert "422" not in told["responses"]
        for status, answer in told["responses"].items():
            if status[0] in "45":
                assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Error"), (path, status)


@pytest.mark.parametrize(("environ", "needed"), [({}, [{"key": []}, {}]), ({"API_KEY": "k" * 20}, [{"key": []}])])
def test_the_key_is_needed_where_one_is_set(house_of, environ, needed):
    house = house_of(**environ)
    headers = {"Authorization": f"Bearer {environ.get('API_KEY')}"}
    assert house.json("/api/v1/openapi.json", headers=headers)["security"] == needed
    page = house.get("/docs", headers=headers).text
    assert ("Bearer $API_KEY" in page) is bool(environ)
    assert "k" * 20 not in page


def test_the_page_shows_every_endpoint_parameter_and_field(house):
    document = house.json("/api/v1/openapi.json")
    page = house.get("/docs").text
    for path, _, told in operations(document):
        (part,) = re.findall(rf'<section class="card" id="{told["operationId"]}".*?</section>', page, re.DOTALL)
        assert f"<code>{path}</code>" in part
        for parameter in told.get("parameters", []):
            assert f'<th scope="row"><code>{parameter["name"]}</code></th>' in part
        assert '<th scope="row">200</th>' in part
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object":
            (part,) = re.findall(rf'<details class="card" id="{name}">.*?</details>', page, re.DOTALL)
            for field in schema.get("properties", {}):
                assert f"<code>{field}</code>" in part
    for status in ("400", "401", "429", "503"):
        assert f"<dt>{status}</dt>" in page
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r' id="([^"]+)"', page))  # no link leads nowhere
    assert "<script>" not in page
    assert " style=" not in page


def test_every_example_can_be_asked_for(house):
    page = house.get("/docs").text
    examples = re.findall(r'curl "http://127\.0\.0\.1:5000([^"]+)"', unescape(page))
    assert len(examples) == len(operations(house.json("/api/v1/openapi.json")))
    for path in examples:
        if not path.endswith("/stream"):
            assert house.client.get(path).status_code in {200, 404}, path  # 404: a race of that number there may not be
    assert sum(house.client.get(path).status_code == 200 for path in examples if "stream" not in path) >= 8


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 500}, "integer from 1 to 500"),
        ({"type": "string", "maxLength": 40}, "string to 40 characters"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Runner"}}, "list of Runner"),
        ({"enum": ["win", "place"], "type": "string"}, '"win" or "place"'),
        ({"const": "race", "type": "string"}, '"race"'),
        ({}, "anything"),
    ],
)
def test_a_type_in_words(schema, words):
    assert kind(schema) == words
