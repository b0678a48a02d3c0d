"""Scope editions are drafted, written anew, proposed and rejected over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text

from service.scope.draft import text_of_draft
from tests.support.editions import NARROW, a_scope, a_way, as_yaml, said_yes
from tests.support.server import Served, good, problem
from tests.support.stored import give_its_name, store_scope_rule

YAML = {"Content-Type": "application/yaml"}
AT = f"/api/scopes/{NARROW}"


async def logged(served: Served) -> list[dict[str, Any]]:
    """What is in the audit log about scope editions."""
    async with served.db.owner() as tx:
        rows = await tx.execute(text("select entry from audit_entry where action like 'scope%' order by index"))
        return [msgspec.json.decode(entry) for entry in rows.scalars()]


async def test_a_draft_is_taken_as_yaml_and_as_json_alike(served: Served) -> None:
    way = await a_way(served)
    written = await way.nca.post("/api/scopes", content=as_yaml(a_scope()), headers=YAML)
    assert written.status_code == 201
    made = written.json()
    assert (made["state"], made["version"], made["document"]) == ("draft", 1, a_scope())
    assert [(step["step"], step["body"]) for step in made["steps"]] == [("drafted", "nca")]
    other = a_scope("2026-06-other")
    again = good(await way.nca.post("/api/scopes", json=other))
    assert again["document"] == other
    read = await way.npcc.get(f"{AT}/draft")
    assert (good(read), read.headers["etag"]) == (made, written.headers["etag"])


async def test_what_a_draft_says_of_itself_is_kept(served: Served) -> None:
    way = await a_way(served)
    said = a_scope(source="The two bodies, in June 2026", guidance="For every force.")
    made = (await way.drafted(said)).json()
    assert made["document"] == said


async def test_a_name_is_given_once(served: Served) -> None:
    way = await a_way(served)
    await way.drafted()
    problem(await way.npcc.post("/api/scopes", json=a_scope(least=7)), 409, "scope-exists")
    problem(await way.nca.post("/api/scopes", json=a_scope("2025-11-wide")), 409, "scope-exists")


async def test_a_rejected_name_is_not_given_again(served: Served) -> None:
    way = await a_way(served)
    await way.drafted()
    good(await way.npcc.post(f"{AT}/reject", json={"reason": "Too narrow."}))
    problem(await way.nca.post("/api/scopes", json=a_scope()), 409, "scope-exists")


async def test_a_draft_is_written_anew_over_what_was_read(served: Served) -> None:
    way = await a_way(served)
    first = await way.drafted()
    seen = {"If-Match": first.headers["etag"]}
    written = await way.npcc.put(AT, json=a_scope(least=5), headers=seen)
    made = good(written)
    assert (made["version"], made["document"]) == (2, a_scope(least=5))
    assert made["hash"] != first.json()["hash"]
    assert [(step["step"], step["body"]) for step in made["steps"]] == [("drafted", "nca"), ("drafted", "npcc")]
    problem(await way.nca.put(AT, json=a_scope(least=6), headers=seen), 412, "scope-draft-moved")
    problem(await way.nca.put(AT, json=a_scope(least=6)), 428, "precondition-required")
    problem(await way.nca.put(AT, json=a_scope(least=6), headers={"If-Match": "*"}), 412, "scope-draft-moved")
    problem(await way.nca.put(AT, json=a_scope(least=6), headers={"If-Match": "x"}), 422, "bad-if-match")
    current = {"If-Match": written.headers["etag"]}
    good(await way.nca.put(AT, content=as_yaml(a_scope(least=6)), headers=YAML | current))


async def test_the_same_words_again_are_another_version(served: Served) -> None:
    """Who read version one may not know what came between."""
    way = await a_way(served)
    first = await way.drafted()
    written = await way.nca.put(AT, json=a_scope(), headers={"If-Match": first.headers["etag"]})
    assert good(written)["hash"] == first.json()["hash"]
    assert written.headers["etag"] != first.headers["etag"]


async def test_a_document_of_another_edition_is_not_written_over_a_draft(served: Served) -> None:
    way = await a_way(served)
    first = await way.drafted()
    other = a_scope("2026-06-other")
    refused = problem(
        await way.nca.put(AT, json=other, headers={"If-Match": first.headers["etag"]}), 422, "scope-draft"
    )
    assert refused["errors"][0]["pointer"] == "/edition"
    assert NARROW in refused["do"]


async def test_what_is_proposed_never_changes(served: Served) -> None:
    way = await a_way(served)
    drafted = await way.drafted()
    seen = {"If-Match": drafted.headers["etag"]}
    proposed = await way.npcc.post(f"{AT}/propose", headers=seen)
    made = good(proposed)
    assert (made["state"], made["follows"], made["effective"]) == ("proposed", "2025-11-wide", None)
    for tag in (seen, {"If-Match": proposed.headers["etag"]}):
        refused = problem(await way.nca.put(AT, json=a_scope(least=5), headers=tag), 409, "scope-frozen")
        assert refused["detail"] == (
            f"The NPCC proposed {NARROW} already, on 20 January 2026 at 12:00. What is proposed never changes."
        )
        assert refused["do"] == "To change what is counted, draft a new edition."
        problem(await way.nca.post(f"{AT}/propose", headers=tag), 409, "scope-frozen")
    assert good(await way.nca.get(f"{AT}/draft"))["hash"] == made["hash"]


async def test_a_draft_that_changed_is_not_proposed_unseen(served: Served) -> None:
    way = await a_way(served)
    seen = {"If-Match": (await way.drafted()).headers["etag"]}
    good(await way.npcc.put(AT, json=a_scope(least=5), headers=seen))
    problem(await way.nca.post(f"{AT}/propose", headers=seen), 412, "scope-draft-moved")
    problem(await way.nca.post(f"{AT}/propose"), 428, "precondition-required")
    assert good(await way.nca.get(f"{AT}/draft"))["state"] == "draft"


@pytest.mark.parametrize("when", ["suspect_count >= 0", "suspect_cuont >= 4"])
async def test_a_draft_that_would_not_be_taken_any_more_is_not_proposed_and_is_told_as_when_it_is_written(
    served: Served, when: str
) -> None:
    """As an earlier release stored it, which asked less of a condition, or had another contract."""
    way = await a_way(served)
    seen = {"If-Match": (await way.drafted()).headers["etag"]}
    await store_scope_rule(served, NARROW, when)
    document = good(await way.nca.get(f"{AT}/draft"))["document"]
    written = await way.nca.post("/api/scopes", content=text_of_draft(document), headers=YAML)
    found = problem(written, 422, "scope-draft")["errors"]
    assert [each["pointer"] for each in found] == ["/rules/0/when"]
    assert problem(await way.nca.post(f"{AT}/propose", headers=seen), 422, "scope-draft")["errors"] == found
    assert good(await way.nca.get(f"{AT}/draft"))["state"] == "draft"


async def test_a_draft_whose_name_a_file_has_by_now_is_not_proposed(served: Served) -> None:
    way, file = await a_way(served), "2026-02-referral"
    drafted = await way.drafted()
    await give_its_name(served, NARROW, file)
    seen = {"If-Match": drafted.headers["etag"].replace(NARROW, file)}
    refused = problem(await way.nca.post(f"/api/scopes/{file}/propose", headers=seen), 409, "scope-exists")
    assert refused["detail"] == f"There is a scope edition {file} among the published files by now."


async def test_an_edition_is_to_come_into_force_today_or_later(served: Served) -> None:
    way = await a_way(served)
    seen = {"If-Match": (await way.drafted()).headers["etag"]}
    before = {"effective": "2026-01-19"}
    problem(await way.nca.post(f"{AT}/propose", json=before, headers=seen), 422, "effective-passed")
    problem(await way.nca.post(f"{AT}/propose", json={"effective": "soon"}, headers=seen), 422, "body")
    made = good(await way.nca.post(f"{AT}/propose", json={"effective": "2026-01-20"}, headers=seen))
    assert made["effective"] == "2026-01-20"


async def test_from_the_proposal_on_every_seal_is_tallied_under_it(served: Served) -> None:
    way = await a_way(served)
    async with served.db.national() as tx:
        before = (await tx.execute(text("select value from position"))).scalar_one()
    await way.proposed()
    async with served.db.national() as tx:
        changes = (
            await tx.execute(text("select kind, subject from change where position > :at"), {"at": before})
        ).all()
    assert [tuple(row) for row in changes] == [("scope_proposed", NARROW)]
    picture = good(await way.nca.get("/api/national/picture", params={"scope": NARROW}))
    assert picture["scope"]["edition"] == NARROW


async def test_either_body_rejects_a_draft_or_a_proposal_with_words(served: Served) -> None:
    way = await a_way(served)
    await way.drafted()
    too_long = problem(await way.nca.post(f"{AT}/reject", json={"reason": "x" * 2001}), 422, "body")
    assert too_long["errors"][0]["says"] == "This must have at most 2,000 characters."
    for reason in ({}, {"reason": ""}, {"reason": " "}):
        said = problem(await way.nca.post(f"{AT}/reject", json=reason), 422, "reason-missing")
        assert said["detail"] == "This needs its reason in words, and none is given."
    made = good(await way.nca.post(f"{AT}/reject", json={"reason": "Drafted by mistake."}))
    assert (made["state"], made["steps"][-1]["reason"]) == ("rejected", "Drafted by mistake.")
    problem(await way.nca.post(f"{AT}/reject", json={"reason": "Again."}), 409, "scope-decided")
    proposed = await way.proposed(a_scope("2026-06-other"))
    good(await way.npcc.post("/api/scopes/2026-06-other/reject", json={"reason": "Too narrow."}))
    problem(await said_yes(way.nca, proposed), 409, "scope-not-proposed")


async def test_what_is_in_force_is_not_rejected(served: Served) -> None:
    way = await a_way(served)
    refused = problem(
        await way.nca.post("/api/scopes/2025-11-wide/reject", json={"reason": "No."}), 409, "scope-decided"
    )
    assert refused["detail"] == "2025-11-wide is in force, so it cannot be rejected."


@pytest.mark.parametrize("kind", ["scopes", "terms"])
@pytest.mark.parametrize("name", ["a%00b", "%ED%A0%80", "%0A"])
async def test_a_name_that_no_text_can_be_is_none_that_there_is(served: Served, kind: str, name: str) -> None:
    way, at = await a_way(served), f"/api/{kind}/{name}"
    problem(await (await served.bare()).get(at), 404)
    problem(await way.nca.get(f"{at}/draft"), 404)
    problem(await way.nca.post(f"{at}/propose", headers={"If-Match": '"x"'}), 404)
    problem(await way.nca.post(f"{at}/confirm", json={"hash": "0" * 64}), 404)
    problem(await way.nca.post(f"{at}/reject", json={"reason": "No."}), 404)


async def test_nobody_but_the_bodies_sees_a_draft(served: Served, kent: httpx.AsyncClient) -> None:
    way, anyone = await a_way(served), await served.bare()
    await way.drafted()
    for client in (anyone, kent, way.nca):
        assert NARROW not in (await client.get("/api/scopes")).text
        problem(await client.get(AT), 404)
    problem(await anyone.get(f"{AT}/draft"), 401)
    problem(await kent.get(f"{AT}/draft"), 403, "missing-permission")
    problem(await way.nca.get("/api/national/picture", params={"scope": NARROW}), 422, "scope-not-tallied")
    good(await way.nca.post(f"{AT}/reject", json={"reason": "By mistake."}))
    problem(await anyone.get(AT), 404)


async def test_everyone_reads_what_was_proposed_and_who_said_what_without_clients(served: Served) -> None:
    way, anyone = await a_way(served), await served.bare()
    made = await way.proposed(effective="2026-07-01")
    good(await said_yes(way.npcc, made))
    good(await way.nca.post(f"{AT}/reject", json={"reason": "It is too narrow."}))
    listed = next(each for each in good(await anyone.get("/api/scopes"))["items"] if each["edition"] == NARROW)
    shown = good(await anyone.get(AT))
    for each in (listed, shown):
        assert (each["state"], each["follows"], each["effective"]) == ("rejected", "2025-11-wide", "2026-07-01")
        assert [(step["step"], step["body"], step["reason"]) for step in each["steps"]] == [
            ("proposed", "nca", None),
            ("confirmed", "npcc", None),
            ("rejected", "nca", "It is too narrow."),
        ]
        assert all(set(step) == {"step", "body", "at", "reason"} for step in each["steps"])


async def test_who_is_no_national_body_with_the_right_does_nothing(served: Served, kent: httpx.AsyncClient) -> None:
    way = await a_way(served)
    drafted = await way.drafted()
    anyone, reader = await served.bare(), await served.client(None, "national:read", body="nca")
    for client, status in ((anyone, 401), (kent, 403), (reader, 403)):
        problem(await client.post("/api/scopes", json=a_scope("2026-06-other")), status)
        problem(await client.put(AT, json=a_scope(), headers={"If-Match": drafted.headers["etag"]}), status)
        problem(await client.post(f"{AT}/propose", headers={"If-Match": drafted.headers["etag"]}), status)
        problem(await client.post(f"{AT}/confirm", json={"hash": drafted.json()["hash"]}), status)
        problem(await client.post(f"{AT}/reject", json={"reason": "No."}), status)
    proposer = await served.client(None, "terms:propose", body="nca")
    problem(await proposer.post(f"{AT}/confirm", json={"hash": "0" * 64}), 403, "missing-permission")
    assert good(await way.nca.get(f"{AT}/draft"))["version"] == 1


@pytest.mark.parametrize(
    ("said", "pointer", "line"),
    [
        ({"edition": "new"}, "/edition", 1),
        ({"edition": "../x"}, "/edition", 1),
        ({"state": "proposed"}, "/state", 3),
        ({"vocabulary": "2024.1"}, "/vocabulary", 4),
    ],
)
async def test_what_is_wrong_with_a_draft_is_told_with_its_place(
    served: Served, said: dict[str, Any], pointer: str, line: int
) -> None:
    way = await a_way(served)
    sent = as_yaml(a_scope(**said))
    refused = problem(await way.nca.post("/api/scopes", content=sent, headers=YAML), 422, "scope-draft")
    (error,) = refused["errors"]
    assert (error["pointer"], error["line"], error["column"] > 1) == (pointer, line, True)
    problem(await way.nca.post("/api/scopes", json=a_scope(**said)), 422, "scope-draft")


@pytest.mark.parametrize("said", [{"vocabulary": 2025.1}, {"title": 5}, {"title": True}])
async def test_a_number_is_no_text_in_json(served: Served, said: dict[str, Any]) -> None:
    way = await a_way(served)
    refused = problem(await way.nca.post("/api/scopes", json=a_scope(**said)), 422, "body")
    assert refused["errors"][0]["pointer"] == f"/{next(iter(said))}"


async def test_all_that_is_wrong_with_conditions_is_told_at_once(served: Served) -> None:
    way = await a_way(served)
    said = a_scope()
    said["rules"][0]["when"] = "suspect_cuont >= 2"
    said["rules"][1]["when"] = "victim_count >="
    refused = problem(await way.nca.post("/api/scopes", content=as_yaml(said), headers=YAML), 422, "scope-draft")
    assert [each["pointer"] for each in refused["errors"]] == ["/rules/0/when", "/rules/1/when"]


async def test_a_draft_has_a_bound(served: Served) -> None:
    way = await a_way(served)
    long = a_scope(title="x" * (256 << 10))
    problem(await way.nca.post("/api/scopes", json=long), 413, "too-large")
    problem(await way.nca.post("/api/scopes", content=as_yaml(long), headers=YAML), 413, "too-large")
    for media in ("text/csv", "text/html"):
        headers = {"Content-Type": media}
        problem(
            await way.nca.post("/api/scopes", content=as_yaml(a_scope()), headers=headers), 415, "unsupported-media"
        )


async def test_every_step_is_in_the_audit_log(served: Served) -> None:
    way = await a_way(served)
    seen = {"If-Match": (await way.drafted()).headers["etag"]}
    written = await way.npcc.put(AT, json=a_scope(least=5), headers=seen)
    made = good(await way.npcc.post(f"{AT}/propose", headers={"If-Match": written.headers["etag"]}))
    good(await said_yes(way.nca, made))
    good(await way.npcc.post(f"{AT}/reject", json={"reason": "Too narrow."}))
    entries = await logged(served)
    assert [(entry["action"], entry["details"]["body"], entry["subject"]) for entry in entries] == [
        ("scope_drafted", "nca", f"scope/{NARROW}"),
        ("scope_rewritten", "npcc", f"scope/{NARROW}"),
        ("scope_proposed", "npcc", f"scope/{NARROW}"),
        ("scope_confirmed", "nca", f"scope/{NARROW}"),
        ("scope_rejected", "npcc", f"scope/{NARROW}"),
    ]
    assert {entry["details"]["hash"] for entry in entries[1:]} == {made["hash"]}
    assert "narrow." not in str(entries)


async def test_a_scope_that_there_is_not_is_told_so(served: Served) -> None:
    way = await a_way(served)
    headers = {"If-Match": '"x"'}
    problem(
        await way.nca.put("/api/scopes/2026-06-none", json=a_scope("2026-06-none"), headers=headers),
        404,
        "no-such-scope",
    )
    problem(await way.nca.get("/api/scopes/2026-06-none/draft"), 404)
    problem(await way.nca.post("/api/scopes/2026-06-none/propose", headers=headers), 404, "no-such-scope")
    problem(await way.nca.post("/api/scopes/2026-06-none/confirm", json={"hash": "0" * 64}), 404, "no-such-scope")
    problem(await way.nca.post("/api/scopes/2026-06-none/reject", json={"reason": "No."}), 404, "no-such-scope")


async def test_a_draft_is_compared_with_the_edition_in_force(served: Served) -> None:
    way = await a_way(served)
    await way.drafted()
    found = good(await way.npcc.get(f"{AT}/difference"))
    assert (found["before"]["edition"], found["after"]["edition"]) == ("2025-11-wide", NARROW)
    assert {rule["id"]: rule["kind"] for rule in found["rules"]} == {
        "offence": "removed",
        "ended": "removed",
        "when": "removed",
        "suspects": "changed",
    }
    assert [rule["id"] for rule in found["kept"]] == ["victims"]


async def test_a_proposal_is_compared_with_the_one_that_it_follows_and_with_any_other(served: Served) -> None:
    way = await a_way(served)
    await way.confirmed(await way.proposed())
    assert good(await way.nca.get(f"{AT}/difference"))["before"]["edition"] == "2025-11-wide"
    later = "/api/scopes/2026-06-later/difference"
    await way.drafted(a_scope("2026-06-later", least=5))
    assert good(await way.nca.get(later))["before"]["edition"] == NARROW
    against = {"against": "2026-02-referral"}
    assert good(await way.nca.get(later, params=against))["before"]["edition"] == "2026-02-referral"
    same = good(await way.nca.get(later, params={"against": "2026-06-later"}))
    assert (same["rules"], same["title"]) == ([], None)


async def test_a_force_compares_what_it_may_read_and_no_draft(served: Served, kent: httpx.AsyncClient) -> None:
    way = await a_way(served)
    await way.drafted()
    referral = "/api/scopes/2026-02-referral/difference"
    assert good(await kent.get(referral)) == good(await way.nca.get(referral))
    against = {"against": "2026-02-referral"}
    assert good(await kent.get("/api/scopes/2025-11-wide/difference", params=against))["kept"]
    assert problem(await kent.get(f"{AT}/difference"), 404) == problem(
        await kent.get("/api/scopes/none/difference"), 404
    )
    problem(await kent.get(referral, params={"against": NARROW}), 404, "no-such-scope")
    none = await served.client(None, "terms:propose", body="nca")
    assert "national:read" in problem(await none.get(referral), 403)["detail"]


async def test_what_there_is_nothing_to_compare_with_says_so(served: Served) -> None:
    way = await a_way(served)
    problem(await way.nca.get("/api/scopes/2025-11-wide/difference"), 409, "nothing-to-compare")
    problem(await way.nca.get("/api/scopes/2025-11-wide/difference", params={"against": "none"}), 404, "no-such-scope")
    problem(await way.nca.get("/api/scopes/2025-11-wide/difference", params={"to": "none"}), 422, "parameter")
    problem(await way.nca.get("/api/scopes/none/difference"), 404)
