"""Why one case is in scope, out of scope or undetermined, asked over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from sqlalchemy import text

from service.api.why import WhyDocument
from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, good, problem

WIDE, REFERRAL = "2025-11-wide", "2026-02-referral"


async def id_of(item: Return, reference: str = "K/1") -> str:
    listed = good(await item.client.get(f"{item.path}/cases"))["items"]
    return next(str(case["case_id"]) for case in listed if case["case_ref"] == reference)


async def why(item: Return, reference: str = "K/1", **query: str) -> dict[str, Any]:
    path = f"{item.path}/cases/{await id_of(item, reference)}/why"
    answered = good(await item.client.get(path, params=query))
    msgspec.convert(answered, WhyDocument)
    return answered


def rule(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in document["rules"] if each["id"] == name)


def values(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {each["attribute"]: each["value"] for each in rule(document, name)["values"]}


async def test_a_case_in_scope_is_explained_rule_by_rule_under_the_edition_in_force(november: Return) -> None:
    await november.upload(as_csv([a_row()]))

    found = await why(november)

    assert (found["scope"]["edition"], found["verdict"], found["rule"], found["missing"]) == (
        WIDE,
        "in_scope",
        None,
        [],
    )
    assert [(each["id"], each["answer"]) for each in found["rules"]] == [
        (name, "true") for name in ("offence", "suspects", "victims", "ended", "when")
    ]
    assert values(found, "offence") == {"offence_code": "19D", "youngest_victim_age": "13"}
    assert rule(found, "suspects")["sentence"] == "A case meets this rule if ‘Suspects’ is 2 or more."
    assert all(each["settled_by"] == [] for each in found["rules"])


async def test_a_case_out_of_scope_names_the_first_rule_that_is_false_and_asks_nothing(november: Return) -> None:
    await november.upload(as_csv([a_row(suspect_count=1, nfa_date="")]))

    found = await why(november)

    assert (found["verdict"], found["rule"], found["missing"]) == ("out_of_scope", "suspects", [])
    assert (rule(found, "suspects")["answer"], rule(found, "when")["answer"]) == ("false", "unknown")


async def test_a_case_outside_the_years_that_the_return_declares_is_said_not_to_be_counted(
    kent: httpx.AsyncClient,
) -> None:
    item = Return(kent, "kent", "2025-11")
    await item.open(case_years=[2014, "unknown"])
    dates = {"K/1": "2014-03", "K/2": "2016-03", "K/3": ""}
    await item.upload(as_csv([a_row(case_ref=name, nfa_date=day, suspect_count="") for name, day in dates.items()]))
    for scope in (WIDE, REFERRAL):
        found = [await why(item, name, scope=scope) for name in dates]
        assert [each["counted"] for each in found] == [True, False, True]
        assert [each["verdict"] for each in found] == ["undetermined"] * 3


async def test_an_undetermined_case_says_what_would_settle_it_and_what_may_be_written(november: Return) -> None:
    await november.upload(as_csv([a_row(suspect_count="1-3", nfa_by="")]))

    found = await why(november)

    assert (found["verdict"], found["missing"]) == ("undetermined", ["suspect_count", "nfa_by"])
    (suspects,) = rule(found, "suspects")["settled_by"]
    assert (suspects["label"], suspects["kind"], suspects["codes"]) == ("Suspects", "number", [])
    (said,) = rule(found, "suspects")["values"]
    assert (said["value"], said["exact"], said["derived"]) == ("1-3", False, False)
    (by,) = rule(found, "ended")["settled_by"]
    assert [code["code"] for code in by["codes"]] == ["police", "cps"]
    assert by["takes"] == "One of police, cps."


async def test_a_case_is_read_forward_to_the_editions_version_and_what_is_derived_is_marked(november: Return) -> None:
    await november.upload(as_csv([a_row(victim_count="2", youngest_victim_age="")]))

    found = await why(november, scope=REFERRAL)

    assert (found["contract_version"], found["scope"]["vocabulary"]) == ("2025.1", "2026.1")
    assert found["missing"] == ["suspects_alive", "independently_reviewed"]
    assert values(found, "offence") == {"offence_code": "19D", "victim_age_youngest": None}
    (contact,) = rule(found, "contact")["values"]
    assert (contact["value"], contact["derived"]) == ("yes", True)
    assert rule(found, "contact")["derived"]
    assert [each["attribute"] for each in rule(found, "unreviewed")["settled_by"]] == ["independently_reviewed"]


async def test_what_a_force_does_not_hold_is_told_apart_from_what_is_not_known(november: Return) -> None:
    await november.upload(as_csv([a_row(nfa_date="not_provided")]))
    (said,) = rule(await why(november), "when")["values"]
    assert (said["value"], said["empty"]) == (None, "not_provided")


async def test_a_sealed_return_is_explained_as_it_was_sealed_and_the_open_one_as_it_stands(november: Return) -> None:
    await november.upload(as_csv([a_row()]))
    await november.explain_all()
    await november.seal()
    december = Return(november.client, period="2025-12")
    await december.open()
    await december.upload(as_csv([{"case_ref": "K/1", "suspect_count": 1}]))
    assert [(await why(each))["verdict"] for each in (november, december)] == ["in_scope", "out_of_scope"]
    assert [(await why(each))["state"] for each in (november, december)] == ["sealed", "open"]


@pytest.mark.parametrize("case_id", ["x", "006f062e-070f-441e-b26e-3b7a05e262e5"])
async def test_a_case_that_is_not_there_has_no_reasons(november: Return, case_id: str) -> None:
    problem(await november.client.get(f"{november.path}/cases/{case_id}/why"), 404)


async def test_another_forces_case_is_not_there(served: Served, november: Return) -> None:
    await november.upload(as_csv([a_row()]))
    case = await id_of(november)
    essex = await served.client("essex")
    problem(await essex.get(f"{november.path}/cases/{case}/why"), 404)
    own = Return(essex, "essex")
    await own.open()
    problem(await essex.get(f"{own.path}/cases/{case}/why"), 404)


async def test_an_edition_that_is_not_there_is_not_found(november: Return) -> None:
    await november.upload(as_csv([a_row()]))
    refused = await november.client.get(f"{november.path}/cases/{await id_of(november)}/why", params={"scope": "wide"})
    problem(refused, 404, "no-such-scope")


async def test_every_explanation_is_logged_and_one_that_found_nothing_is_not(
    served: Served, november: Return, kent: httpx.AsyncClient
) -> None:
    await november.upload(as_csv([a_row()]))
    case = await id_of(november)
    before = await logged(served)
    problem(await kent.get(f"{november.path}/cases/{uuid4()}/why"), 404)
    assert await logged(served) == before
    good(await kent.get(f"{november.path}/cases/{case}/why"))
    assert await logged(served) == [*before, {"case": case, "scope": WIDE}]


async def logged(served: Served) -> list[dict[str, Any]]:
    """The details of every reading of cases in the audit log."""
    async with served.db.owner() as tx:
        rows = await tx.execute(text("select details from audit_entry where action = 'cases_read' order by index"))
        return [row.details for row in rows]
