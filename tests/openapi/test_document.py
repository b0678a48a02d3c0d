"""The OpenAPI document is valid, complete, and true of the code that it is committed with."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import service
from service.api.meanings import MEANINGS
from service.api.problems import KINDS, TITLES, kind_of
from service.api.replies import BYTES
from service.cli.openapi import COMMITTED, printed
from service.errors import CaseReturnsError
from service.identity.principal import Permission
from tests.support.problems import PAGE, page

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / COMMITTED).read_text("utf-8"))
COMPONENTS = DOCUMENT["components"]
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
PUBLIC = {"public", "identity", "health"}
"""Tags of what needs no token."""

each_operation = pytest.mark.parametrize("name", OPERATIONS)


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """What a reference is to, or the value itself."""
    if "$ref" not in value:
        return value
    found: Any = DOCUMENT
    for step in value["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def fits(schema: dict[str, Any], value: Any) -> None:
    """Says nothing where a value agrees with a schema of the document, formats included."""
    jsonschema_rs.validator_for({**schema, "components": COMPONENTS}, validate_formats=True).validate(value)


def test_the_committed_document_is_what_the_code_says() -> None:
    assert (ROOT / COMMITTED).read_text("utf-8") == printed(), "uv run case-returns openapi --out openapi/openapi.json"


def test_the_document_is_the_same_each_time() -> None:
    assert printed() == printed()


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_head_says_licence_server_tags_and_where_to_read_on() -> None:
    assert DOCUMENT["info"]["license"]["identifier"] == "MIT"
    assert DOCUMENT["info"]["version"]
    assert DOCUMENT["servers"]
    assert DOCUMENT["externalDocs"]["url"]
    used = {tag for _, _, operation in OPERATIONS.values() for tag in operation["tags"]}
    assert used == {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}


@each_operation
def test_an_operation_says_what_it_does(name: str) -> None:
    _, path, operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    named = {item["name"] for item in operation["parameters"] if item["in"] == "path"}
    assert named == set(re.findall(r"\{(\w+)\}", path))
    for item in operation["parameters"]:
        assert item["description"], item["name"]
        assert item["in"] != "path" or item["example"], item["name"]
        assert len(item["schema"]) > 1 or item["name"] == "If-None-Match", item["name"]


@each_operation
def test_an_operation_shows_every_success_and_every_body_by_example(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    bodies = operation.get("requestBody", {}).get("content", {})
    for media, content in bodies.items():
        # bytes cannot stand in a JSON document; the schema says of what they are
        assert "example" in content or content["schema"].get("contentMediaType") == media in BYTES, media
    successes = {status: item for status, item in operation["responses"].items() if status.startswith("2")}
    assert successes
    for status, item in successes.items():
        for media, content in item["content"].items():
            assert "example" in content or content["schema"].get("contentMediaType") == media in BYTES, (status, media)


@each_operation
def test_every_example_agrees_with_its_schema(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    contents = list(operation.get("requestBody", {}).get("content", {}).values())
    for item in operation["responses"].values():
        contents += resolved(item).get("content", {}).values()
    checked = 0
    for content in contents:
        shown = [content["example"]] if "example" in content else []
        shown += [resolved(example)["value"] for example in content.get("examples", {}).values()]
        for value in shown:
            fits(content["schema"], value)
            checked += 1
    for item in operation["parameters"]:
        if "example" in item:
            fits(item["schema"], item["example"])
    assert checked


@each_operation
def test_every_error_is_a_problem_with_an_example_of_its_status(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    errors = {status: resolved(item) for status, item in operation["responses"].items() if status >= "400"}
    assert "500" in errors
    assert "default" not in operation["responses"]
    for status, item in errors.items():
        if name == "getToken" and status < "500":
            continue  # its clients are OAuth libraries: RFC 6749 has a form of its own
        examples = item["content"]["application/problem+json"]["examples"]
        for example in examples.values():
            assert resolved(example)["value"]["status"] == int(status)
        if status == "401":
            assert item["headers"]["WWW-Authenticate"]["required"]
        if status == "503":
            assert item["headers"]["Retry-After"]["required"]


@each_operation
def test_an_operation_names_the_permission_that_it_needs_or_is_public(name: str) -> None:
    _, path, operation = OPERATIONS[name]
    if set(operation["tags"]) & PUBLIC:
        assert operation["security"] == []
        assert "401" not in operation["responses"] or name == "getToken"
        return
    ((scheme, (scope,)),) = operation["security"][0].items()
    flow = COMPONENTS["securitySchemes"][scheme]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "/oauth/token"
    assert scope in flow["scopes"]
    assert {"401", "403", "503"} <= set(operation["responses"])
    assert not path.startswith("/api/national") or scope == "national:read"
    assert scope != "national:read" or path.startswith(("/api/national", "/api/scopes", "/api/terms"))


def test_the_scheme_lists_the_permissions_that_there_are() -> None:
    (scheme,) = COMPONENTS["securitySchemes"].values()
    assert set(scheme["flows"]["clientCredentials"]["scopes"]) == set(Permission)
    assert "private_key_jwt" in scheme["description"]


def test_every_link_leads_to_an_operation_by_parameters_that_it_has() -> None:
    seen = 0
    for _, _, operation in OPERATIONS.values():
        for item in operation["responses"].values():
            for link in item.get("links", {}).values():
                _, _, target = OPERATIONS[link["operationId"]]
                known = {parameter["name"] for parameter in target["parameters"]}
                assert set(link.get("parameters", {})) <= known, link
                seen += 1
    assert seen > 50


def test_a_row_has_the_fields_codes_and_bounds_of_the_contract() -> None:
    row = COMPONENTS["schemas"]["CaseRow-2025.1"]
    assert row["required"] == ["case_ref"]
    for value in ({"case_ref": "K/1"}, {"case_ref": "K/1", "suspect_count": "3-5", "nfa_date": "2012/2014"}):
        fits(row, value)
    wrong = [
        {},
        {"case_ref": "no digit"},
        {"case_ref": "K/1", "suspect_count": -1},
        {"case_ref": "K/1", "suspect_count": 1000},
        {"case_ref": "K/1", "suspect_count": "two"},
        {"case_ref": "K/1", "nfa_date": "07/03/2014"},
        {"case_ref": "K/1", "stage": "somewhere"},
        {"case_ref": "K/1", "stage": None},
        {"case_ref": "K/1", "concern": True},
    ]
    for value in wrong:
        with pytest.raises(jsonschema_rs.ValidationError):
            fits(row, value)


# --- the codes ----------------------------------------------------------------------------------------------------


def _raised() -> Iterator[tuple[str, int | None]]:
    """Every code that our errors have or are given, with the status of its kind; None where it is given by hand."""
    for found in walk_packages(service.__path__, "service."):
        if not found.name.startswith("service.migrations"):
            import_module(found.name)
    classes = {kind.__name__: kind for kind in _subclasses(CaseReturnsError)}
    for kind in classes.values():
        yield kind.code, _status(kind)
    for file in (ROOT / "service").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = classes.get(node.func.id if isinstance(node.func, ast.Name) else "")
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value), None if called is None else _status(called)


def _subclasses(kind: type[CaseReturnsError]) -> Iterator[type[CaseReturnsError]]:
    for found in kind.__subclasses__():
        if found.__module__.startswith("service."):
            yield found
            yield from _subclasses(found)


def _status(kind: type[CaseReturnsError]) -> int:
    return next((KINDS[ancestor].status for ancestor in kind.__mro__ if ancestor in KINDS), 500)


def test_every_code_that_can_be_raised_has_its_meaning() -> None:
    raised = list(_raised())
    assert len(raised) > 100
    assert {code for code, _ in raised} - set(MEANINGS) == set()


def test_a_meaning_names_the_statuses_that_its_code_is_answered_with() -> None:
    assert kind_of(CaseReturnsError("x")).status == 500
    for code, status in _raised():
        statuses = MEANINGS[code].statuses
        if status is not None and status != 500 and statuses:
            assert status in statuses, code


def test_every_status_of_the_framework_has_a_meaning() -> None:
    told = {status for meaning in MEANINGS.values() for status in meaning.statuses}
    assert set(TITLES) <= told


def test_the_page_of_problems_is_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "uv run python -m tests.support.problems"


@pytest.mark.parametrize("status", ["400", "413"])
def test_a_refused_token_has_an_example_of_what_is_wrong_with_the_form(status: str) -> None:
    answer = DOCUMENT["paths"]["/oauth/token"]["post"]["responses"][status]
    assert answer["content"]["application/json"]["example"]["error"]
