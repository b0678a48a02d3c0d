"""Rule notices over HTTP: adopted by two bodies, signed, read by everyone, and told by findings."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import text

from service.clock import london_date
from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, good, problem

ADOPTS = ("terms:propose", "terms:confirm", "national:read")


def a_notice(**said: Any) -> dict[str, Any]:
    """A notice that switches off a rule of quality from the first of January 2026 on."""
    usual = {
        "id": "2026-01-q335",
        "contracts": ["2025.1"],
        "rule": "Q335",
        "severity": "off",
        "from": "2026-01-01",
        "why": "Cases without a victim are within the terms.",
    }
    return usual | said


async def bodies(served: Served) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    """A client of each of the two."""
    return await served.client(None, *ADOPTS, body="nca"), await served.client(None, *ADOPTS, body="npcc")


async def adopted(served: Served, **said: Any) -> dict[str, Any]:
    """The notice in force."""
    nca, npcc = await bodies(served)
    made = good(await nca.post("/api/rule-notices", json=a_notice(**said)))
    return good(await npcc.post(f"/api/rule-notices/{made['id']}/confirm"))


async def test_a_notice_is_in_force_when_the_other_body_confirmed_it(served: Served) -> None:
    nca, npcc = await bodies(served)
    made = await nca.post("/api/rule-notices", json=a_notice())
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["issued_by"], made.json()["signature"]) == ("proposed", "nca", None)
    problem(await nca.post("/api/rule-notices/2026-01-q335/confirm"), 409, "own-proposal")
    other = await served.client(None, "terms:confirm", body="nca")
    problem(await other.post("/api/rule-notices/2026-01-q335/confirm"), 409, "own-proposal")
    confirmed = good(await npcc.post("/api/rule-notices/2026-01-q335/confirm", json={}))
    assert (confirmed["state"], confirmed["confirmed"]["body"]) == ("in_force", "npcc")
    problem(await npcc.post("/api/rule-notices/2026-01-q335/confirm"), 409, "notice-decided")
    problem(await npcc.post("/api/rule-notices/2026-01-q335/reject", json={"reason": "No."}), 409, "notice-decided")
    anyone = await served.bare()
    assert good(await anyone.get("/api/rule-notices"))["items"] == [confirmed]
    assert good(await anyone.get(confirmed["links"]["self"])) == confirmed
    rules = {rule["id"]: rule for rule in good(await anyone.get("/api/contracts/2025.1"))["rules"]}
    assert [each["id"] for each in rules["Q335"]["notices"]] == ["2026-01-q335"]
    assert (rules["Q336"]["notices"], rules["Q335"]["until"]) == ([], None)


async def test_a_notice_that_another_took_the_place_of_says_so(served: Served) -> None:
    first = await adopted(served)
    second = await adopted(served, id="2026-01-q335-again", severity="quality")
    anyone = await served.bare()
    listed = {each["id"]: each for each in good(await anyone.get("/api/rule-notices"))["items"]}
    assert {name: each["state"] for name, each in listed.items()} == {
        first["id"]: "superseded",
        second["id"]: "in_force",
    }
    today = london_date(served.clock()).isoformat()
    assert listed[first["id"]]["replaced"] == [{"by": second["id"], "since": today, "contracts": ["2025.1"]}]
    assert listed[second["id"]]["replaced"] == []
    assert good(await anyone.get(first["links"]["self"])) == listed[first["id"]]


async def test_a_notice_is_signed_so_that_anybody_can_check_it(served: Served) -> None:
    notice = await adopted(served)
    keys = KeySet.import_key_set(good(await (await served.bare()).get("/oauth/jwks")))
    token = jwt.decode(notice["signature"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "rule-notice+jwt"
    assert {name: notice[name] for name in a_notice()} == {name: token.claims[name] for name in a_notice()}
    assert (token.claims["proposed_by"], token.claims["confirmed_by"]) == ("nca", "npcc")
    assert token.claims["position"] == notice["position"]
    refused = await served.bare({"Authorization": f"Bearer {notice['signature']}"})
    problem(await refused.get("/api/national/disputes"), 401)


async def test_who_is_no_national_body_adopts_nothing(served: Served, kent: httpx.AsyncClient) -> None:
    anyone, reader = await served.bare(), await served.client(None, "national:read", body="nca")
    for client, status in ((anyone, 401), (kent, 403), (reader, 403)):
        problem(await client.post("/api/rule-notices", json=a_notice()), status)
        problem(await client.post("/api/rule-notices/2026-01-q335/confirm"), status)
        problem(await client.post("/api/rule-notices/2026-01-q335/reject", json={"reason": "No."}), status)
    assert good(await anyone.get("/api/rule-notices"))["items"] == []


async def test_a_notice_never_changes_and_the_same_proposal_again_is_told_what_is_so(served: Served) -> None:
    nca, npcc = await bodies(served)
    good(await nca.post("/api/rule-notices", json=a_notice()))
    so = "The NCA proposed notice 2026-01-q335 already, on 20 January 2026 at 12:00"
    waits, other = "It comes into force when the NPCC confirms it.", "A notice never changes once it is proposed"
    for client, said, says, do in (
        (nca, a_notice(), f"{so}.", waits),
        (npcc, a_notice(), f"{so}.", waits),
        (nca, a_notice(severity="validity"), f"{so}, and yours says something else.", other),
    ):
        refused = problem(await client.post("/api/rule-notices", json=said), 409, "notice-exists")
        assert refused["detail"] == says
        assert refused["do"].startswith(do)
    for body in ({}, {"reason": ""}, {"reason": " "}):
        problem(await npcc.post("/api/rule-notices/2026-01-q335/reject", json=body), 422, "reason-missing")
    rejected = good(await npcc.post("/api/rule-notices/2026-01-q335/reject", json={"reason": "The rule is right."}))
    assert (rejected["state"], rejected["reason"]) == ("rejected", "The rule is right.")
    problem(await npcc.post("/api/rule-notices/2026-01-q335/confirm"), 409, "notice-decided")


@pytest.mark.parametrize(
    ("said", "code", "pointer"),
    [
        ({"rule": "S101"}, "notice-refused", "/rule"),
        ({"rule": "Q334x"}, "notice-refused", "/rule"),
        ({"contracts": ["2024.1"]}, "notice-refused", "/contracts/0"),
        ({"until": "2026-01-19"}, "notice-refused", "/until"),
        ({"severity": "syntactical"}, "body", "/severity"),
        ({"from": "2026-13-01"}, "body", "/from"),
        ({"issued_by": "npcc"}, "body", "/issued_by"),
    ],
)
async def test_a_notice_that_cannot_be_is_refused_with_the_place(
    served: Served, said: dict[str, Any], code: str, pointer: str
) -> None:
    nca, _ = await bodies(served)
    refused = problem(await nca.post("/api/rule-notices", json=a_notice(**said)), 422, code)
    assert refused["errors"][0]["pointer"] == pointer


async def test_findings_say_under_which_notice_they_have_their_severity(served: Served, november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="K/1", victim_count=0)]))
    before = await november.etag()
    notice = await adopted(served, severity="validity")
    assert await november.etag() != before
    problem(await november.send_seal(before), 412, "draft-moved")
    (finding,) = await november.findings(rule="Q335")
    assert (finding["severity"], finding["notice"]) == ("validity", notice["id"])
    assert finding["fix"] == (
        "Correct the number; leave it empty if it is not known. "
        "Words cannot answer it: a rule notice has this rule hold the row."
    )
    exported = await november.client.get(
        f"{november.path}/findings", params={"rule": "Q335"}, headers={"Accept": "text/csv"}
    )
    assert [line["notice"] for line in csv.DictReader(io.StringIO(exported.text))] == [notice["id"]]
    refused = problem(await november.send_seal(await november.etag()), 409, "not-ready")
    assert "held-by-notice" in {error["code"] for error in refused["errors"]}
    assert (await november.upload(as_csv([a_row(case_ref="K/2", victim_count=0)])))["held"] == 1


async def test_what_is_done_about_a_notice_is_in_the_audit_log(served: Served, november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="K/1", victim_count=0)]))
    notice = await adopted(served)
    await november.read()
    async with served.db.owner() as tx:
        rows = await tx.execute(text("select entry from audit_entry order by index desc limit 4"))
        entries = [msgspec.json.decode(entry) for entry in rows.scalars()]
    found = {entry["action"]: entry for entry in entries}
    assert found["rule_notice_confirmed"]["details"]["hash"] == notice["hash"]
    assert found["rule_notice_confirmed"]["position"] == notice["position"]
    assert found["draft_judged_again"]["details"] == {"rules": ["Q335"]}


async def test_disputes_are_counted_by_rule_for_those_who_keep_the_rules(served: Served, november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="K/1", victim_count=0)]))
    essex = Return(await served.client("essex"), "essex")
    await essex.open()
    await essex.upload(as_csv([a_row(case_ref="K/1", victim_count=0)]))
    for item, words in ((november, "One."), (november, "Two."), (essex, "Three.")):
        good(await item.client.post(f"{item.path}/disputes", json={"rule": "Q335", "case_ref": "K/1", "words": words}))
    nca = await served.client(body="nca")
    (counted,) = good(await nca.get("/api/national/disputes"))["items"]
    assert (counted["rule"], counted["disputes"], counted["forces"]) == ("Q335", 3, 2)
    assert good(await nca.get("/api/national/disputes", params={"rule": "Q336"}))["items"] == []
    problem(await nca.get("/api/national/disputes", params={"rule": "Q999"}), 422, "parameter")
    first = await nca.get("/api/national/disputes/Q335", params={"limit": 2})
    rest = good(await nca.get("/api/national/disputes/Q335", params={"cursor": good(first)["next"]}))
    told = [*good(first)["items"], *rest["items"]]
    assert {(each["force"], each["words"]) for each in told} == {
        ("kent", "One."),
        ("kent", "Two."),
        ("essex", "Three."),
    }
    assert rest["next"] is None
    assert "K/1" not in first.text
    assert good(await nca.get("/api/national/disputes/Q336"))["items"] == []
    problem(await nca.get("/api/national/disputes/Q999"), 404)
    problem(await november.client.get("/api/national/disputes"), 403)
