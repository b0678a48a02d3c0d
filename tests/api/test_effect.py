"""What a contract version does to the verdicts of sealed returns, asked over HTTP."""

from __future__ import annotations

from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good, problem

PATH = "/api/national/contracts/2026.1/effect"


async def test_the_effect_is_told_by_edition_and_change_as_of_a_position(november: Return, served: Served) -> None:
    await november.upload(csv_of([a_case("K/1"), a_case("K/2", suspects_charged="1", result="out_of_court")]))
    await november.explain_all()
    await november.seal()
    nca = await served.client(None, body="nca")
    told = good(await nca.get(PATH))
    assert (told["version"], told["before"], told["cases"]) == ("2026.1", "2025.1", 2)
    assert told["as_of_position"] > 0
    wide, referral = told["editions"]
    assert (wide["scope"], wide["stands"], wide["read"]) == ("2025-11-wide", wide["read"], wide["stands"])
    assert wide["stands"] == {"in_scope": 2, "undetermined": 0, "out_of_scope": 0}
    assert referral["stands"]["out_of_scope"] == 2
    assert {"rule": "Q356", "cases": 1, "forces": 1}.items() <= next(
        rule for rule in told["rules"] if rule["rule"] == "Q356"
    ).items()
    one = good(await nca.get(PATH, params={"scope": "2026-02-referral"}))
    assert [each["scope"] for each in one["editions"]] == ["2026-02-referral"]


async def test_an_unchanged_effect_need_not_be_sent_again(november: Return, served: Served) -> None:
    nca = await served.client(None, body="nca")
    first = await nca.get(PATH)
    again = await nca.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_only_a_national_body_is_told_and_only_of_what_there_is(november: Return, served: Served) -> None:
    nca = await served.client(None, body="nca")
    problem(await nca.get("/api/national/contracts/9999.1/effect"), 404)
    problem(await nca.get(PATH, params={"scope": "nowhere"}), 422, "parameter")
    problem(await november.client.get(PATH), 403)
