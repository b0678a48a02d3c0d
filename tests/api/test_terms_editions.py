"""Editions of the terms: drafted, proposed, confirmed by both bodies, in force; and what follows them."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import text

from service.returns.rejudging import ACTOR
from service.terms.draft import text_of_terms
from service.terms.switch import adopt_ready_terms
from tests.support.faults import until
from tests.support.identity import Hand
from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, a_served, good, problem
from tests.support.stored import store_a_ring
from tests.support.terms import AT, NEXT, TermsWay, a_terms_way, terms_of, without, yes_to

BEFORE = "2025-11"


async def positions(served: Served) -> list[str]:
    """The editions that were adopted, in that order."""
    async with served.db.owner() as tx:
        return list((await tx.scalars(text("select name from terms_edition order by position"))).all())


async def states(served: Served) -> dict[str, str]:
    listed = good(await (await served.bare()).get("/api/terms"))["items"]
    return {each["edition"]: each["state"] for each in listed}


async def test_terms_go_from_a_draft_to_being_in_force(served: Served) -> None:
    way = await a_terms_way(served)
    document = terms_of(served, participation=without(served, "kent", "2026-03", "sussex"))
    drafted = await way.nca.post(
        "/api/terms", content=yaml.safe_dump(document), headers={"Content-Type": "application/yaml"}
    )
    assert drafted.status_code == 201, drafted.text
    assert NEXT not in await states(served)
    assert (await (await served.bare()).get(AT)).status_code == 404
    again = await way.npcc.put(AT, json=drafted.json()["document"], headers={"If-Match": drafted.headers["etag"]})
    assert good(again)["hash"] == drafted.json()["hash"]
    problem(
        await way.nca.post(f"{AT}/propose", headers={"If-Match": drafted.headers["etag"]}), 412, "terms-draft-moved"
    )
    made = good(await way.nca.post(f"{AT}/propose", headers={"If-Match": again.headers["etag"]}))
    assert (made["state"], made["follows"]) == ("proposed", BEFORE)
    assert (await states(served))[NEXT] == "proposed"
    first = good(await yes_to(way.nca, made))
    assert (first["state"], first["waits_for"]) == ("proposed", ["The NPCC has not confirmed it."])
    second = good(await yes_to(way.npcc, made))
    assert (second["state"], second["waits_for"]) == ("in_force", [])
    assert await states(served) == {BEFORE: "superseded", "2026-11": "published", NEXT: "in_force"}
    shown = good(await (await served.bare()).get(AT))
    assert (shown["adopted"], shown["scope"], shown["current"]) == ("2026-01-20", "2025-11-wide", True)
    assert [(each["step"], each["body"]) for each in shown["steps"]] == [
        ("proposed", "nca"),
        ("confirmed", "nca"),
        ("confirmed", "npcc"),
    ]
    assert good(await (await served.bare()).get("/api"))["terms"] == NEXT
    keys = KeySet.import_key_set(good(await (await served.bare()).get("/oauth/jwks")))
    signature = second["steps"][-1]["signature"]
    assert jwt.decode(signature, keys, algorithms=["ES256"]).claims["hash"] == made["hash"]


async def test_a_draft_is_told_all_that_is_wrong_with_line_and_column(served: Served) -> None:
    way = await a_terms_way(served)
    wrong = (
        "edition: 2026-02\n"
        "title: Changed\n"
        "source: A test\n"
        "scope: 2026-02-referral\n"
        "adopted: 2026-02-01\n"
        "contracts:\n"
        '  - {version: "2031.1", from: 2025-11}\n'
        "calendar: {every: month, first: 2025-11, due_days: soon}\n"
        "force_list: forces-2025\n"
        "participation:\n"
        "  - {from: 2025-11, force: kentt}\n"
        "  - {from: 2025-11, forces: ['']}\n"
        "extra: 1\n"
    )
    answered = await way.nca.post("/api/terms", content=wrong, headers={"Content-Type": "application/yaml"})
    found = problem(answered, 422, "terms-draft")["errors"]
    assert [(each["line"], each["pointer"]) for each in found] == [
        (4, "/scope"),
        (5, "/adopted"),
        (7, "/contracts/0/version"),
        (8, "/calendar/due_days"),
        (11, "/participation/0/force"),
        (12, "/participation/1/forces/0"),
        (13, "/extra"),
    ]
    assert all(each["says"] and each["do"] and each["column"] > 0 for each in found)
    assert found[0]["do"] == "Take it out; a scope edition is adopted at /api/scopes."
    problem(await way.nca.post("/api/terms", content="{", headers={"Content-Type": "application/json"}), 422)
    assert await positions(served) == [BEFORE]


async def test_a_draft_that_would_not_be_taken_any_more_is_not_proposed_and_is_told_as_when_it_is_written(
    served: Served,
) -> None:
    """As an earlier release stored it, which did not look for rings."""
    way = await a_terms_way(served)
    drafted = await way.nca.post("/api/terms", json=terms_of(served))
    await store_a_ring(served)
    document = good(await way.nca.get(f"{AT}/draft"))["document"]
    written = await way.nca.post(
        "/api/terms", content=text_of_terms(document), headers={"Content-Type": "application/yaml"}
    )
    found = problem(written, 422, "terms-draft")["errors"]
    refused = await way.nca.post(f"{AT}/propose", headers={"If-Match": drafted.headers["etag"]})
    assert problem(refused, 422, "terms-draft")["errors"] == found
    assert [each["pointer"] for each in found] == ["/participation/2/successor"]
    assert "'kent' follows 'essex' and 'essex' follows 'kent'" in found[0]["says"]
    assert good(await way.nca.get(f"{AT}/draft"))["state"] == "draft"


async def test_a_draft_that_reads_otherwise_than_when_it_was_stored_is_not_proposed(served: Served) -> None:
    way = await a_terms_way(served)
    drafted = await way.nca.post("/api/terms", json=terms_of(served))
    async with served.db.owner() as tx:
        await tx.execute(text("update terms_draft set content = jsonb_set(content, '{title}', '\"Another\"')"))
    refused = await way.nca.post(f"{AT}/propose", headers={"If-Match": drafted.headers["etag"]})
    assert problem(refused, 409, "terms-changed")["detail"] == f"{NEXT} reads otherwise here than where it was drafted."


async def test_a_draft_whose_name_a_file_has_by_now_is_not_proposed(served: Served) -> None:
    way = await a_terms_way(served)
    drafted = await way.nca.post("/api/terms", json=terms_of(served))
    async with served.db.owner() as tx:
        await tx.execute(text("update terms_draft set name = '2026-11'"))
    seen = {"If-Match": drafted.headers["etag"].replace(NEXT, "2026-11")}
    refused = problem(await way.nca.post("/api/terms/2026-11/propose", headers=seen), 409, "terms-exists")
    assert refused["detail"] == "There is an edition of the terms 2026-11 among the published files by now."


async def test_a_proposal_whose_name_a_file_has_by_now_is_not_confirmed(served: Served) -> None:
    way = await a_terms_way(served)
    drafted = await way.nca.post("/api/terms", json=terms_of(served))
    good(await way.nca.post(f"{AT}/propose", headers={"If-Match": drafted.headers["etag"]}))
    async with served.db.owner() as tx:
        await tx.execute(text("update terms_draft set name = '2026-11'"))
    refused = await way.npcc.post("/api/terms/2026-11/confirm", json={"hash": drafted.json()["hash"]})
    says = "There is an edition of the terms 2026-11 among the published files by now."
    assert problem(refused, 409, "terms-exists")["detail"] == says


async def test_each_wrong_word_is_refused_in_plain_words(served: Served) -> None:
    way = await a_terms_way(served)
    drafted = await way.nca.post("/api/terms", json=terms_of(served))
    problem(await way.npcc.post("/api/terms", json=terms_of(served)), 409, "terms-exists")
    problem(await way.npcc.post("/api/terms", json=terms_of(served, "2026-11")), 409, "terms-exists")
    problem(await yes_to(way.npcc, drafted.json()), 409, "terms-not-proposed")
    problem(await way.nca.put(AT, json=terms_of(served)), 428, "precondition-required")
    seen = {"If-Match": drafted.headers["etag"]}
    problem(
        await way.nca.post(f"{AT}/propose", json={"effective": "2026-01-19"}, headers=seen), 422, "effective-passed"
    )
    made = good(await way.nca.post(f"{AT}/propose", headers=seen))
    problem(await way.nca.put(AT, json=terms_of(served, title="Other"), headers=seen), 409, "terms-frozen")
    problem(await yes_to(way.npcc, {**made, "hash": "0" * 64}), 409, "terms-hash-differs")
    good(await yes_to(way.nca, made))
    other = await served.client(None, "terms:confirm", body="nca")
    for client in (way.nca, other):
        refused = problem(await yes_to(client, made), 409, "already-confirmed")
        assert refused["detail"] == f"The NCA confirmed {NEXT} already, on 20 January 2026 at 12:00."
    problem(await (await served.client("kent")).post(f"{AT}/confirm", json={"hash": made["hash"]}), 403)
    turned = good(await way.npcc.post(f"{AT}/reject", json={"reason": "Too early"}))
    assert (turned["state"], turned["steps"][-1]["reason"]) == ("rejected", "Too early")
    problem(await way.npcc.post(f"{AT}/reject", json={"reason": "Again"}), 409, "terms-decided")
    problem(await way.nca.post("/api/terms", json=terms_of(served)), 409, "terms-exists")
    assert await positions(served) == [BEFORE]


async def test_two_confirmations_in_the_same_instant_give_one_adoption(served: Served) -> None:
    way = await a_terms_way(served)
    for number in range(3):
        made = await way.proposed(terms_of(served, f"2026-02-n{number}", title=f"Number {number}"))
        answered = await asyncio.gather(yes_to(way.nca, made), yes_to(way.npcc, made))
        assert [each.status_code for each in answered] == [200, 200]
        assert "in_force" in {each.json()["state"] for each in answered}
    assert await positions(served) == [BEFORE, *(f"2026-02-n{number}" for number in range(3))]


async def test_terms_come_into_force_on_their_day(served: Served) -> None:
    way = await a_terms_way(served)
    made = await way.adopted(terms_of(served), effective="2026-02-01")
    assert made["waits_for"] == ["It is not to be in force before 1 February 2026."]
    context = served.context
    assert await adopt_ready_terms(served.db, context.library, ACTOR, served.clock()) == ()
    later = served.clock() + timedelta(days=12)
    assert await adopt_ready_terms(served.db, context.library, ACTOR, later) == (NEXT,)
    assert await adopt_ready_terms(served.db, context.library, ACTOR, later) == ()
    assert await positions(served) == [BEFORE, NEXT]


async def test_terms_that_no_longer_follow_what_is_in_force_are_not_adopted(served: Served) -> None:
    way = await a_terms_way(served)
    made = await way.proposed(terms_of(served, "2026-02-late"))
    await way.adopted(terms_of(served))
    refused = problem(await yes_to(way.nca, made), 409, "terms-overtaken")
    assert refused["detail"] == (
        f"2026-02-late cannot come into force any more. It was proposed to follow {BEFORE}, and {NEXT} is in force by "
        "now."
    )
    held = good(await way.nca.get("/api/terms/2026-02-late/draft"))
    assert (held["ready"], held["waits_for"]) == (
        False,
        [f"It was proposed to follow {BEFORE}, and {NEXT} is in force by now: draft it anew on what is in force."],
    )
    assert await positions(served) == [BEFORE, NEXT]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"calendar": {"every": "month", "first": "2025-12", "due_days": 14}},
            "The first period would move on from 2025-11 to 2025-12",
        ),
        (
            {"calendar": {"every": "month", "first": "2025-11", "due_days": 40}},
            "The return for 2025-12 was due, and would not be any more.",
        ),
        (
            {"participation": "kent leaves"},
            "kent would not have been expected for 2025-12, and the due day has passed.",
        ),
        (
            {"contracts": "2025.1 ends"},
            "Contract version 2025.1 would not be accepted for 2025-11, and a return for it",
        ),
    ],
)
async def test_terms_that_would_move_the_past_are_refused(served: Served, changes: dict[str, Any], says: str) -> None:
    made = Return(await served.client("kent"))
    await made.open()
    told = {
        "kent leaves": without(served, "kent", "2025-11"),
        "2025.1 ends": [{"version": "2026.1", "from": "2025-11"}],
    }
    document = terms_of(served, **{key: told.get(str(value), value) for key, value in changes.items()})
    way = await a_terms_way(served)
    drafted = await way.nca.post("/api/terms", json=document)
    difference = good(await way.nca.get(f"{AT}/difference"))
    assert says in " ".join(difference["in_its_way"])
    refused = problem(
        await way.nca.post(f"{AT}/propose", headers={"If-Match": drafted.headers["etag"]}), 409, "terms-history"
    )
    assert says in refused["detail"]


async def test_a_month_for_which_no_version_would_be_accepted_is_told(served: Served) -> None:
    way = await a_terms_way(served)
    contracts = [{"version": "2025.1", "from": "2025-11", "until": "2026-03"}, {"version": "2026.1", "from": "2026-07"}]
    refused = problem(await way.nca.post("/api/terms", json=terms_of(served, contracts=contracts)), 422, "terms-draft")
    assert [each["says"] for each in refused["errors"]] == [
        "No contract version is accepted for 2026-04, and one is for later periods."
    ]


async def test_nobody_has_taken_a_force_over_in_a_return_that_was_there_before(served: Served) -> None:
    way = await a_terms_way(served)
    await Return(await served.client("kent"), period="2026-01").open()
    document = terms_of(served, participation=without(served, "essex", "2025-12", "kent"))
    assert (await way.nca.post("/api/terms", json=document)).status_code == 201
    difference = good(await way.nca.get(f"{AT}/difference"))
    assert difference["in_its_way"] == [
        "kent would have taken over essex after 2025-12, and its return for 2026-01 is open or sealed already, without "
        "what essex held: let essex leave after 2026-01."
    ]


async def test_a_force_that_has_opened_a_period_meanwhile_is_not_taken_from_it_by_the_last_word(served: Served) -> None:
    way = await a_terms_way(served)
    made = await way.proposed(terms_of(served, participation=without(served, "kent", "2025-12")))
    good(await yes_to(way.nca, made))
    kent = Return(await served.client("kent"), period="2026-01")
    await kent.open()
    says = "kent would not take part in 2026-01, and has a return for it that is open or sealed."
    refused = problem(await yes_to(way.npcc, made), 409, "terms-history")
    assert refused["detail"] == f"What is past would move: {says}"
    assert refused["do"].startswith("Confirm it once that is so no longer, or reject it")
    held = good(await way.npcc.get(f"{AT}/draft"))
    assert held["waits_for"] == ["The NPCC has not confirmed it.", says]
    assert [step["step"] for step in held["steps"]] == ["drafted", "proposed", "confirmed"]
    assert await positions(served) == [BEFORE]


async def test_what_will_be_past_on_the_day_of_the_terms_is_not_moved_by_them(served: Served) -> None:
    """The return for January is due on 14 February, and these terms would hold from the day after that."""
    way = await a_terms_way(served)
    drafted = await way.nca.post(
        "/api/terms", json=terms_of(served, participation=without(served, "kent", "2025-12", "essex"))
    )
    seen = {"If-Match": drafted.headers["etag"]}
    refused = problem(
        await way.nca.post(f"{AT}/propose", json={"effective": "2026-02-15"}, headers=seen), 409, "terms-history"
    )
    assert refused["detail"] == (
        "What is past would move: kent would not have been expected for 2026-01, and the due day will have passed by "
        "15 February 2026."
    )
    good(await way.nca.post(f"{AT}/propose", json={"effective": "2026-02-14"}, headers=seen))


async def test_a_day_at_the_end_of_time_is_looked_at_no_farther_than_one_can_see(served: Served) -> None:
    way = await a_terms_way(served)
    made = await way.proposed(terms_of(served), effective="9999-12-31")
    assert "It is not to be in force before 31 December 9999." in made["waits_for"]
    leaves = terms_of(served, "2026-02-leaves", participation=without(served, "kent", "2030-12"))
    drafted = await way.nca.post("/api/terms", json=leaves)
    seen = {"If-Match": drafted.headers["etag"]}
    refused = await way.nca.post("/api/terms/2026-02-leaves/propose", json={"effective": "9999-12-31"}, headers=seen)
    assert "kent would not have been expected for" in problem(refused, 409, "terms-history")["detail"]


async def test_terms_that_came_as_a_file_are_not_decided_on_here_and_that_is_said(served: Served) -> None:
    way = await a_terms_way(served)
    for word, sent in (("confirm", {"hash": "0" * 64}), ("reject", {"reason": "No"})):
        refused = problem(await way.nca.post(f"/api/terms/{BEFORE}/{word}", json=sent), 404, "no-such-terms")
        assert refused["do"].endswith("those that came as a file are not drafted, confirmed or rejected here.")


async def test_terms_whose_past_moved_on_since_they_were_proposed_are_not_confirmed(served: Served) -> None:
    way = await a_terms_way(served)
    made = await way.proposed(terms_of(served, participation=without(served, "kent", "2025-12")))
    assert isinstance(served.clock, Hand)
    served.clock.now += timedelta(days=40)
    way = await a_terms_way(served)
    refused = problem(await yes_to(way.npcc, made), 409, "terms-history")
    assert "kent would not have been expected for 2026-01, and the due day has passed." in refused["detail"]


async def test_a_proposal_that_would_not_be_taken_as_a_draft_any_more_is_not_confirmed_and_waits(
    served: Served,
) -> None:
    way = await a_terms_way(served)
    made = await way.proposed(terms_of(served))
    await store_a_ring(served)
    found = problem(await yes_to(way.npcc, made), 422, "terms-draft")["errors"]
    assert [each["pointer"] for each in found] == ["/participation/2/successor"]
    waits_for = good(await way.npcc.get(f"{AT}/draft"))["waits_for"]
    assert waits_for[-1].startswith("It would not be taken as a draft any more: line ")
    assert "'kent' follows 'essex' and 'essex' follows 'kent'" in waits_for[-1]


async def test_terms_that_both_bodies_confirmed_before_more_was_asked_of_them_do_not_come_into_force(
    served: Served,
) -> None:
    way = await a_terms_way(served)
    made = await way.adopted(terms_of(served), effective="2026-02-01")
    assert made["ready"] is True
    await store_a_ring(served)
    later = served.clock() + timedelta(days=12)
    assert await adopt_ready_terms(served.db, served.context.library, ACTOR, later) == ()
    assert await positions(served) == [BEFORE]


async def test_the_difference_is_in_words(served: Served) -> None:
    way = await a_terms_way(served)
    document = terms_of(
        served,
        participation=without(served, "kent", "2026-03", "sussex"),
        contracts=[
            {"version": "2025.1", "from": "2025-11", "until": "2026-06"},
            {"version": "2026.1", "from": "2026-03"},
        ],
        calendar={"every": "month", "first": "2025-11", "due_days": 16},
        milestones=None,
    )
    good_draft = await way.nca.post("/api/terms", json=document)
    assert good_draft.status_code == 201, good_draft.text
    found = good(await way.npcc.get(f"{AT}/difference"))
    assert found["against"] == BEFORE
    assert [(each["about"], each["says"]) for each in found["changes"]][2:] == [
        ("contracts", "Contract version 2025.1 is accepted from 2025-11 until 2026-06; it was from 2025-11."),
        ("contracts", "Contract version 2026.1 is accepted from 2026-03."),
        ("calendar", "A return is due 16 days after the end of its period, in place of 14."),
        (
            "milestones",
            "A milestone is taken out: \u201cInitial assessments complete\u201d, 100 % at "
            + found["changes"][5]["says"].split("100 % at ")[1],
        ),
        (
            "forces",
            "Kent Police leaves after 2026-03: it takes part from 2025-11 until 2026-03, then Sussex Police follows "
            "it. By the terms before, Kent Police takes part from 2025-11.",
        ),
    ]
    assert found["to_know"][0].startswith("Due days move for every period")
    problem(await way.nca.get(f"{AT}/difference", params={"against": ""}), 404, "no-such-terms")
    problem(await way.nca.get(f"/api/terms/{BEFORE}/difference"), 409, "nothing-to-compare")


async def test_every_server_follows_new_terms_without_a_restart(served: Served, tmp_path: Path) -> None:
    """What may be opened, in which version, what its headers say, and who is expected."""
    folder = tmp_path / "other"
    folder.mkdir()
    async with a_served(served.db, folder) as other:
        kent = await other.client("kent")
        assert "deprecation" not in (await kent.put(f"/api/forces/kent/returns/{BEFORE}", json={})).headers
        sussex = await other.client("sussex")
        way = await a_terms_way(served)
        await way.adopted(
            terms_of(
                served,
                participation=without(served, "sussex", "2025-12", "kent"),
                contracts=[
                    {"version": "2025.1", "from": "2025-11", "until": "2026-02"},
                    {"version": "2026.1", "from": "2026-01"},
                ],
            )
        )
        path = "/api/forces/sussex/returns/2026-01"
        problem(await sussex.put(path, json={}), 409, "not-participating")
        opened = await kent.put("/api/forces/kent/returns/2026-01", json={"contract_version": "2026.1"})
        assert good(opened)["contract_version"] == "2026.1"

        async def ageing() -> bool:
            return "deprecation" in (await kent.get(f"/api/forces/kent/returns/{BEFORE}")).headers

        await until(ageing, "the other server says that the version ends")
        assert (await states(other))[NEXT] == "in_force"


async def test_a_picture_of_before_is_under_the_terms_of_then(served: Served) -> None:
    kent = Return(await served.client("kent"))
    await kent.open()
    await kent.upload(as_csv([a_row(case_ref="K/1")]))
    await kent.explain_all()
    await kent.seal()
    way = await a_terms_way(served)
    picture = "/api/national/picture"
    before = good(await way.nca.get(picture))
    joined = [
        {"from": "2025-11", "forces": list(served.context.terms.forces())},
        {"from": "2026-01", "force": "jersey"},
    ]
    forces = served.context.forces.by_code
    stranger = min(set(forces) - set(served.context.terms.forces()))
    joined[1]["force"] = stranger
    await way.adopted(terms_of(served, participation=joined))
    now = good(await way.nca.get(picture, params={"period": "2026-01"}))
    then = good(await way.nca.get(picture, params={"as_of": before["as_of"]["position"]}))
    assert then["coverage"]["expected"] == before["coverage"]["expected"]
    assert now["coverage"]["expected"] == before["coverage"]["expected"] + 1
    assert json.dumps(stranger) in json.dumps(now["coverage"])
    assert json.dumps(stranger) not in json.dumps(then["coverage"])


async def test_every_step_stands_in_the_audit_log(served: Served) -> None:
    way: TermsWay = await a_terms_way(served)
    await way.adopted(terms_of(served))
    async with served.db.owner() as tx:
        rows = await tx.scalars(text("select action from audit_entry"))
        done = [each for each in rows if each.startswith("terms_")]
    assert sorted(done) == [
        "terms_adopted",
        "terms_adopted",
        "terms_confirmed",
        "terms_confirmed",
        "terms_drafted",
        "terms_proposed",
    ]
