"""What everyone may read without a token, and keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import jsonschema_rs
import msgspec
import pytest
import pytest_asyncio

from service.api.public_documents import PART_PATHS
from service.api.shapes import HealthDocument
from service.contract.library import load_library
from service.returns.readers import XLSX, BytesSource, read
from service.storage.database import Database
from tests.support.server import a_served, good, problem

WORDS = Path(__file__).resolve().parents[1] / "spec" / "words"


@pytest_asyncio.fixture(scope="module")
async def anyone(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """One service for the file: nothing here changes anything."""
    async with a_served(module_database, tmp_path_factory.mktemp("public")) as served:
        yield await served.bare()


async def test_the_links_lead_to_documents(anyone: httpx.AsyncClient) -> None:
    for path in good(await anyone.get("/api"))["links"].values():
        if "{" not in path and path not in ("/oauth/token", "/api/national/picture"):
            good(await anyone.get(path))


async def test_a_contract_links_to_what_it_changes_which_may_be_kept(anyone: httpx.AsyncClient) -> None:
    links = good(await anyone.get("/api/contracts/2026.1"))["links"]
    answered = await anyone.get(links["changes"])
    found = good(answered)
    assert found["before"] == "2025.1"
    assert {change["kind"] for change in found["changes"] if change["declared"]} == {
        *("derived", "added", "renamed", "split", "recoded", "tightened")
    }
    kept = await anyone.get(links["changes"], headers={"If-None-Match": answered.headers["etag"]})
    assert (kept.status_code, kept.content) == (304, b"")


@pytest.mark.parametrize("part", ["terms", "contracts", "codes", "scopes"])
async def test_every_document_of_a_list_is_there(anyone: httpx.AsyncClient, part: str) -> None:
    listed = good(await anyone.get(f"/api/{part}"))
    assert listed["items"]
    assert listed["next"] is None
    for item in listed["items"]:
        assert good(await anyone.get(item["links"]["self"]))["hash"] == item["hash"]


async def test_a_contract_says_its_fields_lists_and_rules(anyone: httpx.AsyncClient) -> None:
    contract = good(await anyone.get("/api/contracts/2025.1"))
    assert contract["state"] == "published"
    assert [part["part"] for part in contract["parts"]] == ["case", "aggregate", "workforce"]
    by_name = {field["name"]: field for field in contract["parts"][0]["fields"]}
    assert by_name["case_ref"]["role"] == "key"
    assert by_name["stage"]["required"]
    assert by_name["stage"]["list"] in contract["lists"]
    assert {rule["severity"] for rule in contract["rules"]} == {"syntactical", "validity", "quality", "macro"}
    words = {rule["id"]: rule["words"] for rule in contract["rules"]}
    assert words["Q335"] == "Found if ‘Victims’ is 0."
    assert words["V220"] == "Found if ‘Offence to’ is before ‘Offence from’."
    assert words["S102"].startswith("Found if what is sent for a date is not ")
    stages = good(await anyone.get(contract["lists"][by_name["stage"]["list"]]))
    assert stages["codes"][0]["code"] == "identified"


async def test_a_scope_says_its_rules_its_state_and_what_it_leaves_out(anyone: httpx.AsyncClient) -> None:
    states = {item["edition"]: item["state"] for item in good(await anyone.get("/api/scopes"))["items"]}
    assert states == {"2025-11-wide": "in_force", "2026-02-referral": "proposed"}
    scope = good(await anyone.get("/api/scopes/2025-11-wide"))
    assert [rule["id"] for rule in scope["rules"]] == ["offence", "suspects", "victims", "ended", "when"]
    assert scope["rules"][1]["when"] == "suspect_count >= 2"
    assert "22" in scope["codes_left_out"]["nfa_outcomes"]


async def test_a_contract_says_in_words_what_follows_from_other_fields(anyone: httpx.AsyncClient) -> None:
    contract = good(await anyone.get("/api/contracts/2026.1"))
    by_name = {field["name"]: field for field in contract["parts"][0]["fields"]}
    assert [item["words"] for item in by_name["contact_offence"]["derived"]] == [
        "Where ‘Contact offence’ is not recorded, it is taken to be ‘Yes’ if ‘Offence’ is in the set ‘contact "
        "offences’.",
        "Otherwise ‘Contact offence’ is taken to be ‘No’ if ‘Offence’ is in the set ‘non-contact offences’.",
    ]
    assert "non-contact offences" in {item["title"] for item in contract["sets"]}


@pytest.mark.parametrize("edition", ["2025-11-wide", "2026-02-referral"])
async def test_a_scope_says_in_words_what_its_conditions_say(anyone: httpx.AsyncClient, edition: str) -> None:
    scope = good(await anyone.get(f"/api/scopes/{edition}"))
    assert scope["words"]["text"] == (WORDS / f"{edition}.txt").read_text(encoding="utf-8")
    for rule in scope["rules"]:
        assert rule["words"]["sentence"] in scope["words"]["text"]
        assert rule["words"]["undecided"] in scope["words"]["text"]
    known = {item["name"] for item in scope["words"]["sets"]}
    assert {name for rule in scope["rules"] for name in rule["words"]["sets"]} == known
    left_out = {one["set"]: [code["code"] for code in one["codes"]] for one in scope["rules"][0]["words"]["left_out"]}
    assert left_out == {"child offences": scope["codes_left_out"]["child_offences"]}


async def test_the_terms_say_who_takes_part(anyone: httpx.AsyncClient) -> None:
    terms = good(await anyone.get("/api/terms/2025-11"))
    assert terms["current"]
    assert terms["scope"] == "2025-11-wide"
    assert terms["calendar"] == {"every": "month", "first": "2025-11", "due_days": 14}
    assert "kent" in {item["force"] for item in terms["participation"]}


@pytest.mark.parametrize("path", ["/api", "/api/contracts/2025.1", "/api/scopes/2025-11-wide", "/api/openapi.json"])
async def test_what_is_public_may_be_kept_and_asked_for_again(anyone: httpx.AsyncClient, path: str) -> None:
    first = await anyone.get(path)
    assert first.headers["cache-control"].startswith("public")
    again = await anyone.get(path, headers={"If-None-Match": f'"another", {first.headers["etag"]}'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    "path", ["/api/terms/1999", "/api/contracts/9999.1", "/api/codes/none", "/api/scopes/none", "/api/nothing", "/x"]
)
async def test_what_is_not_there_is_a_problem(anyone: httpx.AsyncClient, path: str) -> None:
    problem(await anyone.get(path), 404)


async def test_an_unknown_parameter_is_refused_with_the_closest(anyone: httpx.AsyncClient) -> None:
    problem(await anyone.get("/api/scopes", params={"x": "1"}), 422, "parameter")


@pytest.mark.parametrize("path", ["/api/terms/1999", "/api/scopes?x=1"])
async def test_the_type_of_a_problem_is_a_path_that_says_what_it_means(anyone: httpx.AsyncClient, path: str) -> None:
    refused = (await anyone.get(path)).json()
    meaning = good(await anyone.get(refused["type"]))
    assert meaning["type"] == refused["type"]
    assert refused["status"] in meaning["statuses"]
    assert refused["title"] in meaning["titles"]
    assert meaning["means"]
    assert meaning["do"]


async def test_a_code_that_never_was_has_no_meaning(anyone: httpx.AsyncClient) -> None:
    problem(await anyone.get("/problems/no-such-code"), 404, "not-found")


async def test_health_is_told_apart_from_readiness(anyone: httpx.AsyncClient) -> None:
    assert good(await anyone.get("/health/live")) == {"status": "live"}
    ready = await anyone.get("/health/ready")
    assert msgspec.json.decode(ready.content, type=HealthDocument).status == "ready"
    assert ready.headers["cache-control"] == "no-store"


async def test_answers_say_nothing_of_the_server(anyone: httpx.AsyncClient) -> None:
    for path in ("/api", "/nothing", "/api/forces/kent/returns"):
        headers = (await anyone.get(path)).headers
        assert "server" not in headers
        assert headers["x-content-type-options"] == "nosniff"


async def test_the_openapi_document_names_every_route(anyone: httpx.AsyncClient) -> None:
    document = good(await anyone.get("/api/openapi.json"))
    assert document["openapi"].startswith("3.1")
    found = {(method, path) for path, item in document["paths"].items() for method in item}
    base = "/api/forces/{force}/returns"
    assert {
        ("get", base),
        ("put", f"{base}/{{period}}"),
        ("post", f"{base}/{{period}}/cases"),
        ("put", f"{base}/{{period}}/cases/{{case_id}}"),
        ("delete", f"{base}/{{period}}/held/{{n}}"),
        ("put", f"{base}/{{period}}/explanations"),
        ("post", f"{base}/{{period}}/seal"),
        ("get", "/api/national/picture"),
        ("post", "/oauth/token"),
    } <= found


async def test_every_reference_of_the_openapi_document_is_there(anyone: httpx.AsyncClient) -> None:
    text = (await anyone.get("/api/openapi.json")).text
    document = msgspec.json.decode(text)
    known = document["components"]["schemas"]
    pieces = text.split('"#/components/schemas/')[1:]
    assert pieces
    assert {piece.split('"')[0] for piece in pieces} <= set(known)


@pytest.mark.parametrize(
    "path", ["/schema", "/docs", "/api/docs", "/openapi", "/schema/swagger", "/openapi/openapi.json"]
)
async def test_no_page_about_the_api_loads_anything_from_elsewhere(anyone: httpx.AsyncClient, path: str) -> None:
    problem(await anyone.get(path), 404)


@pytest.mark.parametrize("version", ["2025.1", "2026.1"])
@pytest.mark.parametrize("part", PART_PATHS)
async def test_every_part_of_every_version_has_a_schema_that_says_what_it_is(
    anyone: httpx.AsyncClient, version: str, part: str
) -> None:
    schema = good(await anyone.get(f"/api/contracts/{version}/schema/{part}"))
    assert (schema["$schema"], schema["$id"]) == (
        "https://json-schema.org/draft/2020-12/schema",
        f"/api/contracts/{version}/schema/{part}",
    )
    fields = load_library().contracts[version].parts[PART_PATHS[part]].fields
    assert set(schema["properties"]) == {field.name for field in fields}
    jsonschema_rs.meta.validate(schema)


async def test_a_contract_links_to_its_schemas(anyone: httpx.AsyncClient) -> None:
    contract = good(await anyone.get("/api/contracts/2025.1"))
    address = contract["links"]["schema"].replace("{part}", "workforce")
    assert good(await anyone.get(address))["$id"] == address


@pytest.mark.parametrize("path", ["/api/contracts/9999.1/schema/cases", "/api/contracts/2025.1/schema/none"])
async def test_a_schema_of_nothing_is_not_there(anyone: httpx.AsyncClient, path: str) -> None:
    assert (await anyone.get(path)).status_code == 404


@pytest.mark.parametrize(("form", "media"), [("csv", "text/csv"), ("xlsx", XLSX)])
async def test_a_contract_links_to_templates_that_may_be_kept(anyone: httpx.AsyncClient, form: str, media: str) -> None:
    links = good(await anyone.get("/api/contracts/2025.1"))["links"]
    address = links["template_csv" if form == "csv" else "template"].replace("{part}", "workforce")
    answered = await anyone.get(address)
    assert answered.headers["content-type"].partition(";")[0] == media
    assert answered.headers["content-disposition"] == f'attachment; filename="workforce-2025.1.{form}"'
    assert answered.headers["cache-control"].startswith("public")
    part = load_library().contracts["2025.1"].parts[PART_PATHS["workforce"]]
    (block,) = read(BytesSource(answered.content), media, part, load_library().contracts["2025.1"])
    assert list(block.values) == [field.name for field in part.fields]
    again = await anyone.get(address, headers={"If-None-Match": answered.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["9999.1/template/cases.csv", "2025.1/template/none.xlsx", "2025.1/template/cases"])
async def test_a_template_of_nothing_is_not_there(anyone: httpx.AsyncClient, path: str) -> None:
    problem(await anyone.get(f"/api/contracts/{path}"), 404)
