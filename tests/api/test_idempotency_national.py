"""What the two bodies send with an ``Idempotency-Key``: one effect and one answer, whatever they send again."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service.errors import Unavailable
from service.scope import adopting
from tests.api.test_rule_notices import a_notice
from tests.support.editions import NARROW, a_scope, a_way, as_yaml
from tests.support.identity import Hand
from tests.support.rows import as_csv, rows
from tests.support.server import Return, Served, good, problem
from tests.support.terms import NEXT, a_terms_way, terms_of

KEY = {"Idempotency-Key": "k-1"}
AT = f"/api/scopes/{NARROW}"


async def entries(served: Served) -> list[tuple[str, str]]:
    """What the audit log has of steps that bodies took: action and subject."""
    async with served.db.owner() as tx:
        found = await tx.execute(
            text("select action, subject from audit_entry where subject ~ '^(scope|terms|rule-notice)/' order by index")
        )
        return [(row.action, row.subject) for row in found]


def same(first: httpx.Response, again: httpx.Response) -> None:
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("etag") == first.headers.get("etag")


async def test_a_draft_that_is_sent_again_is_stored_once_and_answered_as_it_was(served: Served) -> None:
    way = await a_way(served)
    first = await way.nca.post("/api/scopes", json=a_scope(), headers=KEY)
    assert first.status_code == 201
    seen = {"If-Match": first.headers["etag"]}
    good(await way.npcc.put(AT, json=a_scope(least=9), headers=seen))
    same(first, await way.nca.post("/api/scopes", json=a_scope(), headers=KEY))
    assert await entries(served) == [("scope_drafted", f"scope/{NARROW}"), ("scope_rewritten", f"scope/{NARROW}")]
    problem(await way.nca.post("/api/scopes", json=a_scope()), 409, "scope-exists")


async def test_an_answer_that_an_earlier_release_kept_as_an_object_is_given_again(served: Served) -> None:
    way = await a_way(served)
    first = await way.nca.post("/api/scopes", json=a_scope(), headers=KEY)
    async with served.db.national() as tx:
        await tx.execute(text("update idempotent_answer set body = cast(body #>> '{}' as jsonb)"))
    assert (await way.nca.post("/api/scopes", json=a_scope(), headers=KEY)).json() == first.json()


async def test_another_body_under_the_same_key_is_refused_and_has_no_effect(served: Served) -> None:
    way = await a_way(served)
    await way.nca.post("/api/scopes", json=a_scope(), headers=KEY)
    other = a_scope("2026-06-other")
    problem(await way.nca.post("/api/scopes", json=other, headers=KEY), 422, "idempotency-key-reused")
    problem(
        await way.nca.post(
            "/api/scopes", content=as_yaml(a_scope()), headers={**KEY, "Content-Type": "application/yaml"}
        ),
        422,
        "idempotency-key-reused",
    )
    assert await entries(served) == [("scope_drafted", f"scope/{NARROW}")]


async def test_a_key_belongs_to_a_client_and_an_address(served: Served) -> None:
    way, kent = await a_way(served), Return(await served.client("kent"))
    await kent.open()
    good(
        await kent.client.post(
            f"{kent.path}/cases", content=as_csv(rows(1)), headers={**KEY, "Content-Type": "text/csv"}
        )
    )
    drafted = await way.nca.post("/api/scopes", json=a_scope(), headers=KEY)
    problem(await way.npcc.post("/api/scopes", json=a_scope(), headers=KEY), 409, "scope-exists")
    seen = {**KEY, "If-Match": drafted.headers["etag"]}
    made = good(await way.nca.post(f"{AT}/propose", headers=seen))
    for client in (way.nca, way.npcc):
        good(await client.post(f"{AT}/confirm", json={"hash": made["hash"]}, headers=KEY))


async def test_every_step_of_a_scope_edition_is_taken_once(served: Served) -> None:
    way = await a_way(served)
    drafted = await way.drafted()
    seen = {**KEY, "If-Match": drafted.headers["etag"]}
    proposed = await way.nca.post(f"{AT}/propose", json={"effective": "2026-01-20"}, headers=seen)
    read = {"hash": good(proposed)["hash"]}
    first = await way.nca.post(f"{AT}/confirm", json=read, headers=KEY)
    assert first.json()["waits_for"] == ["The NPCC has not confirmed it."]
    second = await way.npcc.post(f"{AT}/confirm", json=read, headers=KEY)
    assert second.json()["state"] == "in_force"
    for client, step, sent, before, more in (
        (way.nca, "propose", {"effective": "2026-01-20"}, proposed, seen),
        (way.nca, "confirm", read, first, KEY),
        (way.npcc, "confirm", read, second, KEY),
    ):
        same(before, await client.post(f"{AT}/{step}", json=sent, headers=more))
    assert [action for action, _ in await entries(served)] == [
        "scope_drafted",
        "scope_proposed",
        "scope_confirmed",
        "scope_confirmed",
        "scope_put_in_force",
    ]


async def test_a_proposal_is_answered_as_it_was_when_its_day_has_passed_since(served: Served) -> None:
    assert isinstance(served.clock, Hand)
    served.clock.forward(hours=11, minutes=58)  # two minutes before midnight
    way = await a_way(served)
    drafted = await way.drafted()
    seen = {**KEY, "If-Match": drafted.headers["etag"]}
    proposed = await way.nca.post(f"{AT}/propose", json={"effective": "2026-01-20"}, headers=seen)
    served.clock.forward(minutes=4)
    same(proposed, await way.nca.post(f"{AT}/propose", json={"effective": "2026-01-20"}, headers=seen))


async def test_a_rejection_is_said_once(served: Served) -> None:
    way = await a_way(served)
    await way.drafted()
    first = await way.npcc.post(f"{AT}/reject", json={"reason": "Too narrow."}, headers=KEY)
    assert first.json()["state"] == "rejected"
    same(first, await way.npcc.post(f"{AT}/reject", json={"reason": "Too narrow."}, headers=KEY))
    refused = await way.npcc.post(f"{AT}/reject", json={"reason": "Too wide."}, headers=KEY)
    problem(refused, 422, "idempotency-key-reused")
    problem(await way.npcc.post(f"{AT}/reject", json={"reason": "Too narrow."}), 409, "scope-decided")


async def test_every_step_of_terms_is_taken_once(served: Served) -> None:
    way, at = await a_terms_way(served), f"/api/terms/{NEXT}"
    document = terms_of(served)
    drafted = await way.nca.post("/api/terms", json=document, headers=KEY)
    same(drafted, await way.nca.post("/api/terms", json=document, headers=KEY))
    seen = {**KEY, "If-Match": drafted.headers["etag"]}
    proposed = await way.nca.post(f"{at}/propose", headers=seen)
    read = {"hash": good(proposed)["hash"]}
    first = await way.nca.post(f"{at}/confirm", json=read, headers=KEY)
    second = await way.npcc.post(f"{at}/confirm", json=read, headers=KEY)
    assert second.json()["state"] == "in_force"
    same(proposed, await way.nca.post(f"{at}/propose", headers=seen))
    same(first, await way.nca.post(f"{at}/confirm", json=read, headers=KEY))
    same(second, await way.npcc.post(f"{at}/confirm", json=read, headers=KEY))
    other = terms_of(served, "2026-03-other")
    problem(await way.nca.post("/api/terms", json=other, headers=KEY), 422, "idempotency-key-reused")
    assert good(await way.nca.post("/api/terms", json=other, headers={"Idempotency-Key": "k-2"}))
    turned = await way.npcc.post("/api/terms/2026-03-other/reject", json={"reason": "No."}, headers=KEY)
    same(turned, await way.npcc.post("/api/terms/2026-03-other/reject", json={"reason": "No."}, headers=KEY))
    taken = [action for action, _ in await entries(served)]
    assert taken.count("terms_drafted") == 2
    assert [taken.count(f"terms_{step}") for step in ("proposed", "confirmed", "adopted", "rejected")] == [1, 2, 1, 1]


async def test_a_rule_notice_is_proposed_and_decided_once(served: Served) -> None:
    way, at = await a_way(served), "/api/rule-notices"
    first = await way.nca.post(at, json=a_notice(), headers=KEY)
    assert first.status_code == 201
    same(first, await way.nca.post(at, json=a_notice(), headers=KEY))
    problem(await way.nca.post(at, json=a_notice()), 409, "notice-exists")
    problem(await way.nca.post(at, json=a_notice(why="Otherwise.")), 409, "notice-exists")
    problem(await way.nca.post(at, json=a_notice(why="Otherwise."), headers=KEY), 422, "idempotency-key-reused")
    confirmed = await way.npcc.post(f"{at}/2026-01-q335/confirm", headers=KEY)
    same(confirmed, await way.npcc.post(f"{at}/2026-01-q335/confirm", headers=KEY))
    second = a_notice(id="2026-01-other")
    good(await way.nca.post(at, json=second, headers={"Idempotency-Key": "k-2"}))
    rejected = await way.npcc.post(f"{at}/2026-01-other/reject", json={"reason": "No."}, headers=KEY)
    same(rejected, await way.npcc.post(f"{at}/2026-01-other/reject", json={"reason": "No."}, headers=KEY))
    assert [action for action, _ in await entries(served)] == [
        "rule_notice_proposed",
        "rule_notice_confirmed",
        "rule_notice_proposed",
        "rule_notice_rejected",
    ]


async def test_two_of_the_same_in_the_same_instant_have_one_effect_and_one_answer(served: Served) -> None:
    way = await a_way(served)
    drafts = await asyncio.gather(*(way.nca.post("/api/scopes", json=a_scope(), headers=KEY) for _ in range(4)))
    assert {each.status_code for each in drafts} == {201}
    for each in drafts:
        same(drafts[0], each)
    made = good(await way.nca.post(f"{AT}/propose", headers={"If-Match": drafts[0].headers["etag"]}))
    good(await way.nca.post(f"{AT}/confirm", json={"hash": made["hash"]}))
    words = await asyncio.gather(
        *(way.npcc.post(f"{AT}/confirm", json={"hash": made["hash"]}, headers=KEY) for _ in range(4))
    )
    assert {each.json()["state"] for each in words} == {"in_force"}
    for each in words:
        same(words[0], each)
    taken = [action for action, _ in await entries(served)]
    assert [taken.count(f"scope_{step}") for step in ("drafted", "confirmed", "put_in_force")] == [1, 2, 1]


async def test_two_bodies_under_one_key_in_the_same_instant_leave_one_of_them(served: Served) -> None:
    way = await a_way(served)
    both = [a_scope("2026-06-one"), a_scope("2026-06-two")]
    answers = await asyncio.gather(*(way.nca.post("/api/scopes", json=each, headers=KEY) for each in both))
    assert sorted(each.status_code for each in answers) == [201, 422]
    assert len(await entries(served)) == 1


async def test_a_refusal_is_not_kept(served: Served) -> None:
    way = await a_way(served)
    await way.drafted()
    other = a_scope("2026-06-other", title="")
    problem(await way.nca.post("/api/scopes", json=other, headers=KEY), 422, "scope-draft")
    problem(await way.nca.post("/api/scopes", json=a_scope(), headers=KEY), 409, "scope-exists")
    made = await way.nca.post("/api/scopes", json=a_scope("2026-06-other"), headers=KEY)
    assert made.status_code == 201


@pytest.mark.parametrize("nth", [1, 2])
async def test_what_went_wrong_is_not_kept_and_the_same_again_finishes_it(
    served: Served, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    way = await a_way(served)
    made = await way.proposed()
    good(await way.nca.post(f"{AT}/confirm", json={"hash": made["hash"]}))
    steps = {1: "hold", 2: "end"}  # in the transaction of the word, and in that after the switch
    true_step = getattr(adopting, steps[nth])

    async def away(*_: Any) -> None:
        monkeypatch.setattr(adopting, steps[nth], true_step)
        raise Unavailable("The database is away.", "Wait.")

    monkeypatch.setattr(adopting, steps[nth], away)
    problem(await way.npcc.post(f"{AT}/confirm", json={"hash": made["hash"]}, headers=KEY), 503)
    answered = await way.npcc.post(f"{AT}/confirm", json={"hash": made["hash"]}, headers=KEY)
    assert good(answered)["state"] == "in_force"
    same(answered, await way.npcc.post(f"{AT}/confirm", json={"hash": made["hash"]}, headers=KEY))
    taken = [action for action, _ in await entries(served)]
    assert (taken.count("scope_confirmed"), taken.count("scope_put_in_force")) == (2, 1)


async def test_a_key_is_forgotten_after_a_day(served: Served) -> None:
    way = await a_way(served)
    first = await way.nca.post("/api/scopes", json=a_scope(), headers=KEY)
    assert first.status_code == 201
    async with served.db.national() as tx:
        await tx.execute(text("update idempotent_answer set answered_at = answered_at - interval '1 day'"))
    problem(await way.nca.post("/api/scopes", json=a_scope(), headers=KEY), 409, "scope-exists")


@pytest.mark.parametrize("key", ["", "two words", "é", "x" * 256])
async def test_a_key_that_cannot_be_is_refused(served: Served, key: str) -> None:
    way = await a_way(served)
    headers = {"Idempotency-Key": key.encode("latin-1")}
    problem(await way.nca.post("/api/scopes", json=a_scope(), headers=headers), 422, "bad-key")
    assert await entries(served) == []


async def test_answers_of_bodies_and_of_forces_are_kept_apart(served: Served) -> None:
    way, kent = await a_way(served), Return(await served.client("kent"))
    await kent.open()
    sent = {**KEY, "Content-Type": "text/csv"}
    good(await kent.client.post(f"{kent.path}/cases", content=as_csv(rows(1)), headers=sent))
    good(await way.nca.post("/api/scopes", json=a_scope(), headers=KEY))
    seen = text("select count(*), count(force), count(national_body) from idempotent_answer")
    for transaction, counts in (
        (served.db.national(), (1, 0, 1)),
        (served.db.force(served.context.force_number("kent")), (1, 1, 0)),
        (served.db.force(served.context.force_number("essex")), (0, 0, 0)),
        (served.db.app(), (0, 0, 0)),
    ):
        async with transaction as tx:
            assert tuple((await tx.execute(seen)).one()) == counts
