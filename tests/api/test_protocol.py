"""What HTTP and JSON themselves ask of the service. Each was found by attacking it by machine (tests/attack)."""

from __future__ import annotations

import httpx
import pytest

from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, good, problem


def allowed(answered: httpx.Response) -> set[str]:
    return set(answered.headers["allow"].split(", "))


async def test_a_path_tells_every_method_that_it_takes(november: Return) -> None:
    for path, methods in (
        ("/api/terms", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/oauth/token", {"POST", "OPTIONS"}),
        (november.path, {"GET", "HEAD", "PUT", "OPTIONS"}),
        (f"{november.path}/cases", {"GET", "HEAD", "POST", "OPTIONS"}),
        (f"{november.path}/cases/0198a3de-7a52-7cc3-8a6b-1f2f5d8a9b10", {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
    ):
        told = await november.client.options(path)
        assert told.status_code == 204
        assert allowed(told) == methods, path
        refused = await november.client.request("TRACE", path)
        problem(refused, 405, "method-not-allowed")
        assert allowed(refused) == methods, path


async def test_head_is_answered_as_get_is_without_the_body(november: Return) -> None:
    for path in ("/api/terms", november.path, "/nowhere"):
        whole, head = await november.client.get(path), await november.client.head(path)
        assert head.status_code == whole.status_code
        assert head.content == b""
        for name in ("content-type", "content-length", "etag"):
            assert head.headers.get(name) == whole.headers.get(name)


@pytest.mark.parametrize("tag", ["", "0198a3de7a52-3", '"open', "W/", '"a" "b"', '*, "a"', "{}"])
async def test_an_if_match_that_is_no_tag_is_refused_and_changes_nothing(november: Return, tag: str) -> None:
    before = await november.etag()
    sent = {"Content-Type": "text/csv", "If-Match": tag}
    for method, path, content in (
        ("POST", f"{november.path}/cases", as_csv([a_row()])),
        ("PUT", f"{november.path}/aggregates", "nfa_date,cases\n2013,4\n"),
    ):
        answered = await november.client.request(method, path, content=content, headers=sent)
        problem(answered, 422, "bad-if-match")
    problem(await november.client.put(november.path, json={"case_years": [2014]}, headers={"If-Match": tag}), 422)
    problem(await november.send_seal(tag), 422, "bad-if-match")
    assert await november.etag() == before


async def test_an_asterisk_matches_a_return_that_is_there_and_none_that_is_not(kent: httpx.AsyncClient) -> None:
    item = Return(kent)
    problem(await kent.put(item.path, json={}, headers={"If-Match": "*"}), 412, "draft-moved")
    await item.open()
    assert (await kent.put(item.path, json={}, headers={"If-Match": "*"})).status_code == 200


async def test_nobody_signs_by_an_asterisk(november: Return) -> None:
    await november.upload(as_csv([a_row()]))
    await november.explain_all()
    problem(await november.send_seal("*"), 412, "draft-moved")


async def test_a_correction_is_opened_by_the_tag_of_the_sealed_return_that_was_read(november: Return) -> None:
    await november.upload(as_csv([a_row()]))
    await november.explain_all()
    draft = await november.etag()
    await november.seal()
    sealed = await november.etag()
    body = {"corrects": 1}
    problem(await november.client.put(november.path, json=body, headers={"If-Match": draft}), 412, "draft-moved")
    opened = await november.client.put(november.path, json=body, headers={"If-Match": sealed})
    assert opened.status_code == 201, opened.text
    assert good(opened)["revision"] == 2


async def test_a_whole_number_may_be_written_with_a_point(november: Return) -> None:
    sent = {"Content-Type": "application/json"}
    for years, shown in (("[2014.0, 2.015e3]", [2014, 2015]), ('["unknown", 2016.0]', [2016, "unknown"])):
        answered = await november.client.put(november.path, content=f'{{"case_years": {years}}}', headers=sent)
        assert good(answered)["case_years"] == shown
    for wrong in ("2014.5", "1e400", "1e300"):
        answered = await november.client.put(november.path, content=f'{{"case_years": [{wrong}]}}', headers=sent)
        problem(answered, 422, "body")


async def test_the_issuer_s_documents_take_no_parameter_either(served: Served) -> None:
    anyone = await served.bare()
    for path in (
        "/oauth/jwks",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/health/live",
    ):
        problem(await anyone.get(path, params={"kid": "1"}), 422, "parameter")
