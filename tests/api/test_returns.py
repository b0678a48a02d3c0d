"""The lifecycle of a return over HTTP: opening, sealing, correcting, withdrawing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from service.api.shapes import Receipt, ReturnDocument, ReturnList, TallyDocument
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import PERIOD, Return, Served, good, problem


async def sealed(item: Return, count: int = 2) -> dict[str, Any]:
    await item.upload(as_csv(rows(count)))
    await item.explain_all()
    return await item.seal()


async def test_opening_answers_201_and_then_200(kent: httpx.AsyncClient) -> None:
    path = f"/api/forces/kent/returns/{PERIOD}"
    first = await kent.put(path, json={"contract_version": "2025.1", "case_years": [2014, "unknown"]})
    assert first.status_code == 201
    assert first.headers["etag"].startswith('"')
    assert first.headers["cache-control"] == "no-store"
    again = await kent.put(path, json={"case_years": None})
    assert again.status_code == 200
    assert (first.json()["case_years"], again.json()["case_years"]) == ([2014, "unknown"], None)
    assert again.headers["etag"] != first.headers["etag"]


async def test_opening_needs_no_body(kent: httpx.AsyncClient) -> None:
    opened = await kent.put(f"/api/forces/kent/returns/{PERIOD}")
    assert opened.status_code == 201
    assert opened.json()["contract_version"] == "2025.1"


@pytest.mark.parametrize(
    ("period", "body", "status", "code"),
    [
        ("2025-13", {}, 422, "period"),
        ("november", {}, 422, "period"),
        ("2025-10", {}, 422, "no-such-period"),
        ("2026-02", {}, 422, "period-not-begun"),
        (PERIOD, {"contract_version": "2026.1"}, 422, "contract-not-accepted"),
        (PERIOD, {"corrects": 1}, 409, "not-the-current-revision"),
    ],
)
async def test_what_cannot_be_opened_is_refused(
    kent: httpx.AsyncClient, period: str, body: dict[str, Any], status: int, code: str
) -> None:
    problem(await kent.put(f"/api/forces/kent/returns/{period}", json=body), status, code)
    assert good(await kent.get("/api/forces/kent/returns"))["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer", "fix"),
    [
        ({"contract_versoin": "2025.1"}, "/contract_versoin", "Did you mean contract_version?"),
        ({"force": "essex"}, "/force", "Leave it out."),
        ({"period": "2025-12"}, "/period", "Leave it out."),
        ({"case_years": ["2014"]}, "/case_years/0", None),
        ({"case_years": [2014, 2014]}, "/case_years/1", None),
        ({"case_years": [20140]}, "/case_years/0", None),
        ({"case_years": 2014}, "/case_years", None),
        ({"corrects": 0}, "/corrects", None),
        ([], "", None),
    ],
)
async def test_a_wrong_body_says_where(kent: httpx.AsyncClient, body: Any, pointer: str, fix: str | None) -> None:
    refused = problem(await kent.put(f"/api/forces/kent/returns/{PERIOD}", json=body), 422, "body")
    (error,) = refused["errors"]
    assert error["pointer"] == pointer
    assert error["says"]
    assert fix is None or error["fix"] == fix


async def test_a_return_says_what_to_do_next(november: Return) -> None:
    opened = await november.read()
    assert opened["next"].startswith("Upload cases or aggregates")
    await november.upload(as_csv([a_row(suspect_count="two")]))
    held = await november.read()
    assert "held" in held["next"] or "accepted" in held["next"]
    assert held["counts"]["held"] == 1
    assert held["findings"]["syntactical"] == {"total": 1, "unanswered": 0}


async def test_answers_have_the_documented_forms(kent: httpx.AsyncClient, november: Return) -> None:
    receipt = await sealed(november)
    msgspec.convert(receipt, Receipt)
    msgspec.convert(await november.read(), ReturnDocument)
    msgspec.convert(good(await kent.get("/api/forces/kent/returns")), ReturnList)
    msgspec.convert(good(await kent.get(f"{november.path}/tallies")), TallyDocument)


async def test_a_seal_needs_the_tag_of_what_was_read(november: Return) -> None:
    await november.upload(as_csv(rows(1)))
    await november.explain_all()
    problem(await november.send_seal(None), 428, "precondition-required")
    seen = await november.etag()
    await november.upload(as_csv(rows(2)))
    problem(await november.send_seal(seen), 412, "draft-moved")
    problem(await november.send_seal('"something"'), 412, "draft-moved")
    assert (await november.read())["state"] == "open"


@pytest.mark.parametrize("more", [{"declaration": False}, {"name": " "}, {"role": ""}])
async def test_a_seal_needs_a_declaration_and_a_signer(november: Return, more: dict[str, Any]) -> None:
    problem(await november.send_seal(await november.etag(), **more), 422, "not-declared")


async def test_what_stands_in_the_way_of_a_seal_is_listed(november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="K/1"), a_row(case_ref="K/2", victim_count="-3")]))
    refused = problem(await november.send_seal(await november.etag()), 409, "not-ready")
    assert "held-rows" in {error["code"] for error in refused["errors"]}
    assert all(error["says"] and error["do"] and error["count"] for error in refused["errors"])


async def test_sealing_again_gives_the_same_receipt(november: Return) -> None:
    await november.upload(as_csv(rows(2)))
    await november.explain_all()
    seen = await november.etag()
    first = await november.send_seal(seen)
    again = await november.send_seal(seen)
    assert first.content == again.content
    assert again.json() == good(await november.client.get(f"{november.path}/receipt"))
    problem(await november.send_seal('"another"'), 409, "already-sealed")


async def test_a_sealed_return_takes_no_more_rows(november: Return) -> None:
    await sealed(november)
    problem(await november.send(as_csv(rows(3))), 409, "not-open")
    problem(await november.client.put(november.path, json={}), 409, "already-sealed")


async def test_a_correction_is_the_next_revision(november: Return) -> None:
    await sealed(november, 2)
    opened = good(await november.client.put(november.path, json={"corrects": 1}))
    assert (opened["revision"], opened["state"], opened["counts"]["cases"]) == (2, "open", 2)
    second = await sealed(november, 3)
    assert second["revision"] == 2
    assert (await november.read(revision=1))["state"] == "superseded"
    assert (await november.read())["revision"] == 2
    first = good(await november.client.get(f"{november.path}/receipt", params={"revision": 1}))
    assert first["counts"]["cases"] == 2
    problem(await november.client.get(november.path, params={"revision": 3}), 404)


async def test_the_next_period_starts_from_the_last_stock(served: Served, november: Return) -> None:
    await sealed(november, 3)
    december = Return(november.client, period="2025-12")
    opened = await december.open()
    assert opened["counts"]["cases"] == opened["counts"]["unchanged"] == 3
    changed = await december.upload(as_csv([a_row(case_ref="K/2", suspect_count="2+")]))
    assert (changed["changed"], changed["new"]) == (1, 0)
    await december.explain_all()
    assert (await december.seal())["counts"]["changed"] == 1


async def test_a_withdrawal_needs_a_reason_and_frees_the_period(november: Return) -> None:
    for body in ({}, {"reason": ""}, {"reason": " "}):
        problem(await november.client.post(f"{november.path}/withdraw", json=body), 422, "reason-missing")
    problem(await november.client.post(f"{november.path}/withdraw", json={"reason": 1}), 422, "body")
    withdrawn = good(await november.client.post(f"{november.path}/withdraw", json={"reason": "Opened by mistake"}))
    assert (withdrawn["state"], withdrawn["withdrawn"]["reason"]) == ("withdrawn", "Opened by mistake")
    assert (await november.client.put(november.path, json={})).status_code == 201


async def test_a_withdrawal_with_a_key_takes_back_one_return(november: Return) -> None:
    await sealed(november)
    good(await november.client.put(november.path, json={"corrects": 1}))
    headers = {"Idempotency-Key": "once"}
    for _ in range(2):
        taken = await november.client.post(f"{november.path}/withdraw", json={"reason": "No need"}, headers=headers)
        assert good(taken)["revision"] == 2
    assert (await november.read())["state"] == "sealed"
    other = await november.client.post(f"{november.path}/withdraw", json={"reason": "Other"}, headers=headers)
    problem(other, 422, "idempotency-key-reused")


async def test_if_match_is_honoured_where_it_is_not_required(november: Return) -> None:
    old = await november.etag()
    await november.upload(as_csv(rows(1)))
    headers = {"If-Match": old}
    problem(await november.client.put(november.path, json={"case_years": [2014]}, headers=headers), 412)
    problem(await november.client.post(f"{november.path}/withdraw", json={"reason": "x"}, headers=headers), 412)
    sent = await november.client.post(
        f"{november.path}/cases", content=as_csv(rows(2)), headers=headers | {"Content-Type": "text/csv"}
    )
    problem(sent, 412, "draft-moved")
    several = {"If-Match": f'"x", {await november.etag()}'}
    good(await november.client.put(november.path, json={"case_years": [2014]}, headers=several))


async def test_tallies_are_told_by_edition(november: Return) -> None:
    await sealed(november, 2)
    wide = good(await november.client.get(f"{november.path}/tallies"))
    assert wide["scope"]["edition"] == "2025-11-wide"
    assert wide["totals"] == {"in_scope": 2, "undetermined": 0, "out_of_scope": 0, "least": 2, "most": 2}
    assert wide["cells"][0]["stage"] == "identified"
    referral = good(await november.client.get(f"{november.path}/tallies", params={"scope": "2026-02-referral"}))
    assert referral["totals"]["undetermined"] == 2
    assert {item["attribute"] for item in referral["missing"]} == {"suspects_alive", "independently_reviewed"}
    closest = problem(await november.client.get(f"{november.path}/tallies", params={"scope": "2025-11-wise"}), 422)
    assert "2025-11-wide" in closest["errors"][0]["fix"]


async def test_an_open_return_has_no_receipt(november: Return) -> None:
    problem(await november.client.get(f"{november.path}/receipt"), 404, "not-sealed")
    problem(await november.client.get(f"{november.path}/tallies"), 404, "not-sealed")


async def test_returns_are_listed_newest_first_a_page_at_a_time(november: Return) -> None:
    await sealed(november)
    for period in ("2025-12", "2026-01"):
        await Return(november.client, period=period).open()
    listed = "/api/forces/kent/returns"
    first = await november.client.get(listed, params={"limit": 2})
    assert [item["period"] for item in first.json()["items"]] == ["2026-01", "2025-12"]
    following = first.links["next"]["url"]
    second = good(await november.client.get(following))
    assert [item["period"] for item in second["items"]] == ["2025-11"]
    assert second["next"] is None
    assert second["items"][0]["counts_now"]


async def test_a_client_that_may_not_sign_cannot_seal(served: Served, november: Return) -> None:
    writer = await served.client("kent", "returns:read", "returns:write")
    refused = problem(await Return(writer).send_seal(await november.etag()), 403, "missing-permission")
    assert "returns:seal" in refused["detail"]
    reader = await served.client("kent", "returns:read")
    problem(await Return(reader).send(as_csv(rows(1))), 403, "missing-permission")
    good(await reader.get(november.path))


async def test_a_period_is_refused_where_the_force_does_not_take_part(served: Served) -> None:
    assert served.clock() < datetime(2026, 2, 1, tzinfo=UTC)
    stranger = min(set(served.context.forces.by_code) - set(served.context.terms.forces()))
    client = await served.client(stranger)
    problem(await client.put(f"/api/forces/{stranger}/returns/{PERIOD}"), 409, "not-participating")


async def test_what_a_signature_put_in_only_a_signer_takes_out(served: Served, november: Return) -> None:
    await sealed(november)
    writer = Return(await served.client("kent", "returns:read", "returns:write"))
    refused = await writer.client.post(f"{november.path}/withdraw", json={"reason": "Wrong file."})
    assert "returns:seal" in problem(refused, 403, "missing-permission")["detail"]
    assert good(await november.client.post(f"{november.path}/withdraw", json={"reason": "Wrong file."}))["state"] == (
        "withdrawn"
    )
