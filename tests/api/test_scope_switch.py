"""A proposed edition comes into force when both bodies confirmed it and nothing remains to be judged: one switch."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import text

from service.audit.adopter import Adopter
from service.contract.written import YAML
from service.errors import Conflict
from service.returns.rejudging import judge_remaining
from service.scope.draft import read_draft
from service.scope.lifecycle import confirm, draft, propose, reject
from service.scope.switch import Switched, Waiting, switch_when_ready
from tests.support.browser import signed_in
from tests.support.editions import NARROW, Way, a_scope, a_way, as_yaml, said_yes
from tests.support.identity import Hand
from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, a_served, good, problem
from tests.support.stored import give_its_name

AT = f"/api/scopes/{NARROW}"
WIDE = "2025-11-wide"
NCA, NPCC = Adopter(client="nca-1", body="nca"), Adopter(client="npcc-1", body="npcc")


async def sealed(served: Served, force: str = "kent", **said: Any) -> Return:
    """A sealed return of one case, with three suspects unless said otherwise."""
    made = Return(await served.client(force), force)
    await made.open()
    await made.upload(as_csv([a_row(case_ref="K/1", **said)]))
    await made.explain_all()
    await made.seal()
    return made


async def stands(way: Way, name: str = NARROW) -> dict[str, Any]:
    return good(await way.nca.get(f"/api/scopes/{name}/draft"))


async def switches(served: Served) -> list[tuple[int, str]]:
    """Which edition was in force from which position on."""
    async with served.db.owner() as tx:
        rows = await tx.execute(
            text("select s.position, e.name from scope_in_force s join scope_edition e on e.id = s.edition order by 1")
        )
        return [(row.position, row.name) for row in rows]


async def proposed_here(served: Served, **body: Any) -> Any:
    """A proposal of the NCA, made below HTTP."""
    context = served.context
    written = read_draft(as_yaml(a_scope()), YAML, context.library)
    drafted = await draft(context.db, context.editions, NCA, written, context.now())
    return await propose(
        context.db, context.editions, NCA, NARROW, [drafted.etag], body.get("effective"), context.now()
    )


async def test_with_the_word_of_both_bodies_an_edition_is_in_force(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed()
    first = good(await said_yes(way.nca, made))
    assert (first["state"], first["ready"], first["waits_for"]) == (
        "proposed",
        False,
        ["The NPCC has not confirmed it."],
    )
    second = good(await said_yes(way.npcc, made))
    assert (second["state"], second["ready"], second["waits_for"]) == ("in_force", False, [])
    assert (await stands(way, WIDE))["state"] == "superseded"
    listed = {each["edition"]: each for each in good(await (await served.bare()).get("/api/scopes"))["items"]}
    assert {name: each["state"] for name, each in listed.items()} == {
        WIDE: "superseded",
        "2026-02-referral": "proposed",
        NARROW: "in_force",
    }
    assert [(step["step"], step["body"]) for step in listed[NARROW]["steps"]] == [
        ("proposed", "nca"),
        ("confirmed", "nca"),
        ("confirmed", "npcc"),
    ]


async def test_the_proposer_alone_puts_nothing_in_force(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed()
    good(await said_yes(way.nca, made))
    other = await served.client(None, "terms:confirm", body="nca")
    for client in (way.nca, other):
        refused = problem(await said_yes(client, made), 409, "already-confirmed")
        assert refused["detail"] == f"The NCA confirmed {NARROW} already, on 20 January 2026 at 12:00."
    assert (await stands(way))["state"] == "proposed"
    assert [name for _, name in await switches(served)] == [WIDE]


async def test_one_client_does_not_confirm_for_both_bodies(served: Served) -> None:
    made = await proposed_here(served)
    editions, now = served.context.editions, served.clock()
    both = [Adopter(client="one", body="nca"), Adopter(client="one", body="npcc")]
    await confirm(served.db, editions, both[0], NARROW, made.hash, now, lambda _: "signed")
    with pytest.raises(Conflict, match="You confirmed it for the other body already"):
        await confirm(served.db, editions, both[1], NARROW, made.hash, now, lambda _: "signed")


async def test_what_is_confirmed_is_what_was_read(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed()
    refused = problem(await said_yes(way.npcc, {**made, "hash": "0" * 64}), 409, "scope-hash-differs")
    assert "is not what you read" in refused["detail"]
    for body in ({}, {"hash": None}, {"hash": made["hash"], "for": "nca"}):
        problem(await way.npcc.post(f"{AT}/confirm", json=body), 422, "body")
    assert [step["step"] for step in (await stands(way))["steps"]] == ["drafted", "proposed"]


async def test_a_draft_is_not_confirmed(served: Served) -> None:
    way = await a_way(served)
    problem(await said_yes(way.npcc, (await way.drafted()).json()), 409, "scope-not-proposed")


async def test_what_is_in_force_is_not_confirmed_again(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed()
    await way.confirmed(made)
    refused = problem(await said_yes(way.npcc, made), 409, "already-confirmed")
    assert refused["detail"] == (
        f"The NPCC confirmed {NARROW} already, on 20 January 2026 at 12:00. It is in force by now."
    )
    wide = {"edition": WIDE, "hash": "0" * 64}
    assert problem(await said_yes(way.npcc, wide), 409, "scope-not-proposed")["detail"] == f"{WIDE} is superseded."


async def test_what_reads_otherwise_here_than_it_was_proposed_is_not_confirmed(served: Served) -> None:
    """By a server whose contract is another: it cannot show what is confirmed."""
    way = await a_way(served)
    made = await way.proposed()
    async with served.db.owner() as tx:
        await tx.execute(text("update scope_edition set hash = repeat('0', 64) where name = :name"), {"name": NARROW})
    problem(await said_yes(way.npcc, {**made, "hash": "0" * 64}), 409, "scope-changed")


async def test_a_proposal_whose_name_a_file_has_by_now_is_not_confirmed(served: Served) -> None:
    way, file = await a_way(served), "2026-02-referral"
    made = await way.proposed()
    await give_its_name(served, NARROW, file)
    refused = problem(await said_yes(way.npcc, {**made, "edition": file}), 409, "scope-exists")
    assert refused["detail"] == f"There is a scope edition {file} among the published files by now."
    assert [step["step"] for step in (await stands(way, file))["steps"]] == ["drafted", "proposed"]


async def test_an_edition_whose_last_day_passed_before_it_is_in_force_is_not_confirmed(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed(a_scope(tallied_until="2026-01-25"))
    assert isinstance(served.clock, Hand)
    served.clock.now += timedelta(days=6)
    way = await a_way(served)
    refused = problem(await said_yes(way.npcc, made), 422, "tallied-until-passed")
    assert refused["do"] == "Reject it, and draft it anew with a later `tallied_until`, or without one."


async def test_an_edition_that_reads_a_draft_of_a_contract_waits_until_that_is_published(served: Served) -> None:
    way = await a_way(served)
    async with served.db.owner() as tx:
        await tx.execute(text("update contract_version set state = 'draft' where version = '2025.1'"))
    last = await way.confirmed(await way.proposed())
    assert (last["state"], last["waits_for"]) == (
        "proposed",
        ["It reads contract version 2025.1, which is a draft: that is to be published first."],
    )
    async with served.db.owner() as tx:
        await tx.execute(text("update contract_version set state = 'published' where version = '2025.1'"))
    assert isinstance(await switch_when_ready(served.db, NARROW, "case-returns", served.clock()), Switched)


async def test_two_confirmations_in_the_same_instant_give_one_switch(served: Served) -> None:
    way = await a_way(served)
    for number in range(5):
        made = await way.proposed(a_scope(f"2026-06-n{number}", least=number + 3))
        answered = await asyncio.gather(said_yes(way.nca, made), said_yes(way.npcc, made))
        assert [each.status_code for each in answered] == [200, 200]
        assert "in_force" in {each.json()["state"] for each in answered}
        assert (await stands(way, made["edition"]))["state"] == "in_force"
    assert [name for _, name in await switches(served)] == [WIDE, *(f"2026-06-n{number}" for number in range(5))]


async def test_the_same_confirmation_twice_in_the_same_instant_is_said_once(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed()
    answered = await asyncio.gather(*(said_yes(way.npcc, made) for _ in range(4)))
    assert sorted(each.status_code for each in answered) == [200, 409, 409, 409]
    assert [step["body"] for step in (await stands(way))["steps"] if step["step"] == "confirmed"] == ["npcc"]


async def test_a_confirmation_and_a_rejection_in_the_same_instant_leave_one_of_them(served: Served) -> None:
    way = await a_way(served)
    for number in range(5):
        made = await way.proposed(a_scope(f"2026-06-n{number}", least=number + 3))
        good(await said_yes(way.nca, made))
        answered = await asyncio.gather(
            said_yes(way.npcc, made),
            way.nca.post(f"/api/scopes/{made['edition']}/reject", json={"reason": "Not yet."}),
        )
        state = (await stands(way, made["edition"]))["state"]
        assert {each.status_code for each in answered} <= {200, 409}
        assert state == ("rejected" if answered[1].status_code == 200 else "in_force")


async def test_a_proposal_and_another_change_of_the_draft_in_the_same_instant_leave_one_of_them(served: Served) -> None:
    way = await a_way(served)
    seen = {"If-Match": (await way.drafted()).headers["etag"]}
    proposed, written = await asyncio.gather(
        way.nca.post(f"{AT}/propose", headers=seen), way.npcc.put(AT, json=a_scope(least=9), headers=seen)
    )
    assert sorted((proposed.status_code, written.status_code)) in ([200, 409], [200, 412])
    made = await stands(way)
    assert (made["state"], made["version"]) == (("proposed", 1) if proposed.is_success else ("draft", 2))


async def test_the_switch_waits_for_returns_that_are_not_judged(served: Served) -> None:
    way = await a_way(served)
    await sealed(served)
    made = await way.proposed()
    await sealed(served, "essex")
    last = await way.confirmed(made)
    assert (last["state"], last["ready"]) == ("proposed", True)
    assert last["waits_for"] == ["1 sealed return is not judged under it yet."]
    before = await switches(served)
    waiting = await switch_when_ready(served.db, NARROW, "case-returns", served.clock())
    assert waiting == Waiting(("1 sealed return is not judged under it yet.",))
    assert await switches(served) == before
    picture = good(await way.nca.get("/api/national/picture"))
    assert picture["scope"]["edition"] == WIDE


async def test_the_switch_waits_for_what_cannot_be_judged(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed()
    async with served.db.force(7) as tx:
        await tx.execute(
            text(
                "insert into judging_problem (force, edition, says, at) "
                "select 7, id, 'No column.', now() from scope_edition where name = :name"
            ),
            {"name": NARROW},
        )
    last = await way.confirmed(made)
    assert (last["state"], last["waits_for"]) == ("proposed", ["The returns of 1 force cannot be judged under it."])


async def test_what_waits_takes_no_position(served: Served) -> None:
    way = await a_way(served)
    await sealed(served)
    made = await way.proposed()
    async with served.db.national() as tx:
        before = (await tx.execute(text("select value from position"))).scalar_one()
    await way.confirmed(made)
    async with served.db.national() as tx:
        assert (await tx.execute(text("select value from position"))).scalar_one() == before


async def test_when_the_last_return_is_judged_whoever_asks_puts_it_in_force(served: Served) -> None:
    way = await a_way(served)
    await sealed(served)
    made = await way.proposed()
    await way.confirmed(made)
    await judge_remaining(served.context)
    asked = [switch_when_ready(served.db, NARROW, "case-returns", served.clock()) for _ in range(4)]
    (done,) = set(await asyncio.gather(*asked))
    assert isinstance(done, Switched)
    assert (await switches(served))[-1] == (done.position, NARROW)
    assert len(await switches(served)) == 2
    async with served.db.owner() as tx:
        rows = await tx.execute(text("select entry from audit_entry where action = 'scope_put_in_force'"))
        (entry,) = [msgspec.json.decode(entry) for entry in rows.scalars()]
    assert (entry["position"], entry["actor"], entry["details"]["hash"]) == (
        done.position,
        "case-returns",
        made["hash"],
    )


async def test_an_edition_waits_for_its_day_in_london(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed(effective="2026-06-01")
    last = await way.confirmed(made)
    assert (last["state"], last["waits_for"]) == ("proposed", ["It is not to be in force before 1 June 2026."])
    eve = served.clock().replace(month=5, day=31, hour=22, minute=59)
    assert isinstance(await switch_when_ready(served.db, NARROW, "case-returns", eve), Waiting)
    midnight = eve + timedelta(minutes=1)  # in London it is summer
    assert isinstance(await switch_when_ready(served.db, NARROW, "case-returns", midnight), Switched)


async def test_the_picture_answers_under_the_new_edition_from_the_switch_on(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed()
    await sealed(served)
    before = good(await way.nca.get("/api/national/picture"))
    assert (before["scope"]["edition"], before["totals"]["in_scope"]) == (WIDE, 1)
    await way.confirmed(made)
    after = good(await way.nca.get("/api/national/picture"))
    assert (after["scope"]["edition"], after["scope"]["hash"]) == (NARROW, made["hash"])
    assert (after["totals"]["in_scope"], after["totals"]["out_of_scope"]) == (0, 1)
    assert after["as_of"]["position"] > before["as_of"]["position"]
    then = {"as_of": before["as_of"]["position"]}
    again = good(await way.nca.get("/api/national/picture", params=then))
    assert (again["scope"], again["totals"]) == (before["scope"], before["totals"])
    named = good(await way.nca.get("/api/national/picture", params={"scope": WIDE}))
    assert named["totals"] == before["totals"]


async def test_a_confirmation_is_signed_so_that_anybody_can_check_it(served: Served) -> None:
    way = await a_way(served)
    made = await way.proposed()
    await way.confirmed(made)
    keys = KeySet.import_key_set(good(await (await served.bare()).get("/oauth/jwks")))
    steps = [step for step in (await stands(way))["steps"] if step["step"] == "confirmed"]
    for step in steps:
        token = jwt.decode(step["signature"], keys, algorithms=["ES256"])
        assert token.header["typ"] == "scope-confirmation+jwt"
        assert token.claims == {
            "edition": NARROW,
            "hash": made["hash"],
            "body": step["body"],
            "client": step["client"],
            "at": step["at"],
        }
    assert len({step["client"] for step in steps}) == 2
    problem(await (await served.bare({"Authorization": f"Bearer {steps[0]['signature']}"})).get(f"{AT}/draft"), 401)


async def test_an_edition_that_came_with_the_terms_is_confirmed_here_too(served: Served) -> None:
    way = await a_way(served)
    made = await stands(way, "2026-02-referral")
    assert (made["state"], made["follows"], made["steps"]) == ("proposed", WIDE, [])
    assert (await way.confirmed(made))["state"] == "in_force"


async def test_a_second_server_answers_for_an_edition_that_was_drafted_at_the_first(
    served: Served, tmp_path: Path
) -> None:
    way = await a_way(served)
    folder = tmp_path / "second"
    folder.mkdir()
    async with a_served(served.db, folder, clock=served.clock) as second:
        made = await way.proposed()
        there = await a_way(second)
        assert good(await (await second.bare()).get(AT))["hash"] == made["hash"]
        await sealed(second)
        good(await said_yes(there.npcc, made))
        assert good(await said_yes(way.nca, made))["state"] == "in_force"
        picture = good(await there.nca.get("/api/national/picture"))
        assert (picture["scope"]["edition"], picture["totals"]["out_of_scope"]) == (NARROW, 1)
    async with a_served(served.db, folder, clock=served.clock, pages=True) as restarted:
        kent = Return(await restarted.client("kent"))
        for asked in ("work-list", "border"):  # before anything else has told this server of the edition
            found = good(await kent.client.get(f"/api/forces/kent/{asked}", params={"scope": NARROW}))
            assert found["scope"]["edition"] == NARROW
        tally = good(await kent.client.get(f"{kent.path}/tallies", params={"scope": NARROW}))
        assert tally["totals"]["out_of_scope"] == 1
        await kent.open(corrects=1)
        await kent.upload(as_csv([a_row(case_ref="K/2")]))
    async with a_served(served.db, folder, clock=served.clock, pages=True) as again:
        lead = await signed_in(again, "kent")
        assert (await lead.get(f"/forces/kent/returns/{kent.period}")).status_code == 200
        assert (await lead.get(f"/forces/kent/returns/{kent.period}/receipt")).status_code == 200
        nca = (await a_way(again)).nca
        effect = "/api/national/contracts/2026.1/effect"
        assert good(await nca.get(effect, params={"scope": NARROW}))["editions"][0]["scope"] == NARROW
        assert good(await nca.get("/api/national/picture"))["scope"]["edition"] == NARROW


async def test_a_force_is_told_nothing_of_a_draft(served: Served) -> None:
    way, kent = await a_way(served), await sealed(served)
    await way.drafted()
    for scope in (NARROW, "2026-06-narro"):
        refused = problem(await kent.client.get(f"{kent.path}/tallies", params={"scope": scope}), 422, "parameter")
        assert NARROW not in str(refused)


async def test_a_draft_that_cannot_be_read_any_more_stands_in_nobodys_way(served: Served) -> None:
    way = await a_way(served)
    drafted = await way.drafted()
    async with served.db.owner() as tx:  # as a changed draft of a contract would have it
        await tx.execute(text("update scope_edition set hash = repeat('0', 64) where name = :name"), {"name": NARROW})
    assert good(await way.nca.get("/api/national/picture"))["scope"]["edition"] == WIDE
    read = await way.nca.get(f"{AT}/draft")
    assert good(read)["document"]["edition"] == NARROW
    seen = {"If-Match": read.headers["etag"]}
    problem(await way.nca.post(f"{AT}/propose", headers=seen), 409, "scope-changed")
    written = await way.nca.put(AT, json=drafted.json()["document"], headers=seen)
    good(await way.nca.post(f"{AT}/propose", headers={"If-Match": written.headers["etag"]}))


async def test_a_draft_written_anew_at_one_server_is_read_anew_at_another(served: Served, tmp_path: Path) -> None:
    way = await a_way(served)
    drafted = await way.drafted()
    folder = tmp_path / "second"
    folder.mkdir()
    async with a_served(served.db, folder, clock=served.clock) as second:
        there = await a_way(second)
        seen = {"If-Match": drafted.headers["etag"]}
        written = await there.npcc.put(AT, json=a_scope(least=9), headers=seen)
        made = good(await way.nca.post(f"{AT}/propose", headers={"If-Match": written.headers["etag"]}))
        rules = good(await (await served.bare()).get(AT))["rules"]
        assert (rules[0]["when"], made["hash"]) == ("suspect_count >= 9", good(written)["hash"])


async def test_what_was_rejected_does_not_come_into_force(served: Served) -> None:
    made = await proposed_here(served)
    await reject(served.db, NPCC, NARROW, "No.", served.clock())
    assert await switch_when_ready(served.db, NARROW, "case-returns", served.clock()) == Waiting(
        ("It is rejected, not proposed.",)
    )
    assert made.follows == WIDE


async def test_what_another_edition_overtook_comes_into_force_no_more(served: Served) -> None:
    """Nobody read what it would undo."""
    way = await a_way(served)
    late = await way.proposed(a_scope("2026-07-late", least=5))
    await way.confirmed(await way.proposed())
    said = await stands(way, late["edition"])
    assert (said["state"], said["ready"], said["waits_for"]) == (
        "proposed",
        False,
        [f"It was proposed to follow {WIDE}, and {NARROW} is in force by now: draft it anew on what is in force."],
    )
    refused = problem(await said_yes(way.nca, late), 409, "scope-overtaken")
    assert refused["detail"].startswith("2026-07-late cannot come into force any more. It was proposed to follow")
    assert refused["do"] == "Draft it anew on what is in force, and propose that."
    assert (await stands(way, late["edition"]))["steps"] == said["steps"]
    assert [name for _, name in await switches(served)] == [WIDE, NARROW]


async def test_an_edition_that_both_bodies_confirmed_is_not_ready_once_it_is_overtaken(served: Served) -> None:
    way = await a_way(served)
    late = await way.confirmed(await way.proposed(a_scope("2026-07-late", least=5), effective="2026-12-01"))
    assert late["ready"] is True
    await way.confirmed(await way.proposed())
    assert (await stands(way, "2026-07-late"))["ready"] is False
