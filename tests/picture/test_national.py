"""The national picture over real tallies in a real database, through its route."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from service.api.identity import principal_dependency
from service.api.national import national_routes
from service.api.problems import EXCEPTION_HANDLERS
from service.picture.answer import answer
from service.picture.coverage import Reporting
from service.picture.export import as_document
from service.picture.question import question
from service.storage.database import Database
from tests.support.identity import ORIGIN, Hand, a_service
from tests.support.tallies import PUBLISHED, REFERRAL, WIDE, Country, Row, a_country, statements_of

NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)
"""January's returns were due six days ago."""
JANUARY = datetime(2026, 2, 10, 9, tzinfo=UTC)
OUT, IN, UNDETERMINED = -2, 0, 0b101
PATH = "/api/national/picture"


class Nation(Struct):
    """A country and a national body's client to ask it with."""

    country: Country
    client: httpx.AsyncClient
    clock: Hand
    force_token: str

    async def picture(self, accept: str | None = None, **query: str) -> dict[str, Any]:
        answered = await self.ask(accept, **query)
        assert answered.status_code == 200, answered.text
        found: dict[str, Any] = answered.json()
        return found

    async def ask(self, accept: str | None = None, **query: str) -> httpx.Response:
        return await self.client.get(PATH, params=query, headers={"Accept": accept} if accept else {})

    async def refused(self, status: int, **query: str) -> dict[str, Any]:
        answered = await self.ask(**query)
        assert answered.status_code == status, answered.text
        found: dict[str, Any] = answered.json()
        return found

    async def table(self, **query: str) -> list[dict[str, str]]:
        answered = await self.ask("text/csv", **query)
        assert answered.headers["content-type"] == "text/csv; charset=utf-8"
        return list(csv.DictReader(io.StringIO(answered.text)))


@pytest_asyncio.fixture
async def nation(database: Database, tmp_path: Path) -> AsyncIterator[Nation]:
    clock = Hand(NOW)
    service = a_service(database, tmp_path, clock=Hand(NOW))
    country = await a_country(database)
    country.now = JANUARY
    body = await service.client(("national:read",), body="nca")
    force = await service.client(("returns:read",))
    application = Litestar(
        [national_routes(database, PUBLISHED, clock)],
        dependencies={"principal": principal_dependency(service.verifier)},
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
    )
    token = service.forged(body, force=None, body="nca", scope="national:read")
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        yield Nation(country, client, clock, service.forged(force))


def in_scope(cells: list[dict[str, Any]], *names: str) -> dict[Any, int]:
    return {
        tuple(cell[name] for name in names) if len(names) > 1 else cell[names[0]]: cell["in_scope"] for cell in cells
    }


async def test_the_picture_is_the_sum_of_the_forces_tallies(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row(weight=3), Row(ruling=OUT, weight=2), Row(ruling=UNDETERMINED)])
    await nation.country.seals("essex", "2026-01", [Row(weight=4, stage=1), Row(ruling=-1, weight=5)])
    found = await nation.picture()
    assert found["totals"] == {"in_scope": 7, "undetermined": 1, "out_of_scope": 7, "least": 7, "most": 8}
    charged = {item["rule"]: item["cases"] for item in found["attrition"]}
    assert charged == {"offence": 5, "suspects": 2, "victims": 0, "ended": 0, "when": 0}
    attributes = PUBLISHED.scopes[WIDE].definition.attributes
    missing = {item["attribute"]: item["cases"] for item in found["missing"]}
    assert missing == {name: int(place in (0, 2)) for place, name in enumerate(attributes)}
    assert found["cells"] == []


async def test_it_says_what_it_is_of(nation: Nation) -> None:
    sealed = await nation.country.seals("kent", "2026-01")
    found = await nation.picture()
    edition = PUBLISHED.scopes[WIDE]
    assert found["scope"] == {"edition": WIDE, "title": edition.title, "hash": edition.hash}
    assert found["as_of"] == {"position": sealed.position, "at": "2026-02-10T10:00:00.000000Z"}
    assert found["contract"]["version"] == "2025.1"
    assert found["terms"]["edition"] == "2025-11"
    coverage = found["coverage"]
    numbers = {name: coverage[name] for name in ("expected", "reported", "carried_forward", "not_reported")}
    assert numbers == {"expected": 45, "reported": 1, "carried_forward": 0, "not_reported": 44}
    assert coverage["due_period"] == "2026-01"
    kent = next(item for item in coverage["forces"] if item["force"] == "kent")
    assert (kent["name"], kent["region"], kent["state"], kent["period"], kent["age_periods"]) == (
        "Kent Police", "South East", "reported", "2026-01", 0,
    )  # fmt: skip
    assert kent["digest"].startswith("sha-256:")
    essex = next(item for item in coverage["forces"] if item["force"] == "essex")
    assert (essex["state"], essex["period"], essex["age_periods"]) == ("not_reported", None, None)


async def test_every_cut_is_offered_under_the_words_of_the_contract(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row(stage=2, setting=1, year=2013, weight=3), Row(stage=None)])
    await nation.country.seals("essex", "2026-01", [Row(stage=2, setting=None, year=None, weight=5)])
    assert in_scope((await nation.picture(by="force"))["cells"], "force") == {"essex": 5, "kent": 4}
    assert in_scope((await nation.picture(by="stage"))["cells"], "stage") == {"assessed": 8, None: 1}
    assert in_scope((await nation.picture(by="setting"))["cells"], "setting") == {"organised": 1, "gang": 3, None: 5}
    assert in_scope((await nation.picture(by="nfa_year"))["cells"], "nfa_year") == {2013: 3, 2014: 1, None: 5}
    regions = in_scope((await nation.picture(by="region,stage"))["cells"], "region", "stage")
    assert regions == {("East of England", "assessed"): 5, ("South East", "assessed"): 3, ("South East", None): 1}
    forces = in_scope((await nation.picture(by="nfa_year,force"))["cells"], "nfa_year", "force")
    assert forces == {(2013, "kent"): 3, (2014, "kent"): 1, (None, "essex"): 5}


async def test_a_case_that_two_forces_hold_is_counted_once_nationally(nation: Nation) -> None:
    ours = Row(shared_ref="kent:1", shared_with=("essex",), lead="kent", stage=3)
    theirs = Row(shared_ref="kent:1", shared_with=("kent",), lead="kent", ruling=OUT, stage=1)
    await nation.country.seals("kent", "2026-01", [Row(), ours])
    await nation.country.seals("essex", "2026-01", [Row(weight=2), theirs])
    found = await nation.picture(by="force")
    assert (found["totals"]["in_scope"], found["totals"]["out_of_scope"], found["possible_doubles"]) == (4, 0, 0)
    essex, kent = found["cells"]
    assert (essex["force"], essex["out_of_scope"], essex["led_elsewhere"]["out_of_scope"]) == ("essex", 1, 1)
    assert (kent["in_scope"], kent["led_elsewhere"]["in_scope"]) == (2, 0)
    assert all(item["cases"] == 0 for item in found["attrition"])
    stages = {cell["stage"]: cell["out_of_scope"] for cell in (await nation.picture(by="stage"))["cells"]}
    assert stages == {"identified": 0, "in_assessment": 0, "referred": 0}


async def test_a_one_sided_claim_counts_twice_and_stands_beside_the_figure(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row(shared_ref="kent:1", shared_with=("essex",), lead="kent")])
    await nation.country.seals("essex", "2026-01", [Row(shared_ref="kent:1")])
    found = await nation.picture()
    assert (found["totals"]["in_scope"], found["possible_doubles"]) == (2, 1)


async def test_an_earlier_moment_sums_what_counted_then(nation: Nation) -> None:
    first = await nation.country.seals("kent", "2025-12", [Row(weight=10)])
    second = await nation.country.seals("kent", "2026-01", [Row(weight=20)])
    third = await nation.country.seals("kent", "2026-01", [Row(weight=30)], revision=2)
    fourth = await nation.country.withdraws("kent", "2026-01", revision=2)

    async def at(as_of: str) -> int:
        found: int = (await nation.picture(as_of=as_of))["totals"]["in_scope"]
        return found

    moments = [str(item.position) for item in (first, second, third, fourth)]
    assert [await at(moment) for moment in moments] == [10, 20, 30, 20]
    times = [item.at.isoformat() for item in (first, second, third, fourth)]
    assert [await at(time) for time in times] == [10, 20, 30, 20]
    assert await at("2026-02-10") == 20
    assert (await nation.picture())["totals"]["in_scope"] == 20
    assert (await nation.picture(as_of="2026-02-09"))["coverage"]["reported"] == 0


async def test_a_period_is_what_counted_for_it(nation: Nation) -> None:
    await nation.country.seals("kent", "2025-11", [Row(weight=10)])
    await nation.country.seals("kent", "2026-01", [Row(weight=20)])
    await nation.country.seals("essex", "2025-12", [Row(weight=5)])
    before = await nation.picture(period="2025-12")
    assert (before["totals"]["in_scope"], before["period"]) == (15, "2025-12")
    states = {item["force"]: (item["state"], item["age_periods"]) for item in before["coverage"]["forces"]}
    assert (states["kent"], states["essex"]) == (("carried_forward", 1), ("reported", 0))
    assert (await nation.picture())["totals"]["in_scope"] == 25


async def test_a_return_sealed_late_for_a_skipped_period_counts_for_that_period_alone(nation: Nation) -> None:
    await nation.country.seals("kent", "2025-11", [Row(weight=10)])
    await nation.country.seals("kent", "2026-01", [Row(weight=20)])
    await nation.country.seals("kent", "2025-12", [Row(weight=15)])
    assert (await nation.picture(period="2025-12"))["totals"]["in_scope"] == 15
    assert (await nation.picture(period="2025-11"))["totals"]["in_scope"] == 10
    assert (await nation.picture())["totals"]["in_scope"] == 20


async def test_a_day_that_passes_makes_a_return_old_and_gives_another_etag(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01")
    reported = await nation.ask()
    nation.clock.now = datetime(2026, 2, 21, 12, tzinfo=UTC)
    assert (await nation.ask()).headers["etag"] == reported.headers["etag"]
    nation.clock.now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    late = await nation.ask()
    assert late.headers["etag"] != reported.headers["etag"]
    assert late.json()["coverage"]["carried_forward"] == 1
    assert late.json()["totals"] == reported.json()["totals"]


async def test_either_edition_can_be_asked_for(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row(weight=3)], under=(WIDE,))
    found = await nation.picture(scope=REFERRAL, by="stage")
    assert found["scope"]["edition"] == REFERRAL
    assert found["totals"] == {"in_scope": 0, "undetermined": 3, "out_of_scope": 0, "least": 0, "most": 3}
    assert found["cells"] == [
        {"stage": "identified", "in_scope": 0, "undetermined": 3, "out_of_scope": 0, "least": 0, "most": 3}
    ]
    assert found["coverage"]["not_judged"] == ["kent"]
    assert (await nation.picture(scope=WIDE))["coverage"]["not_judged"] == []


async def test_a_return_without_any_tally_leaves_the_most_open(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", under=())
    found = await nation.picture()
    assert (found["totals"]["least"], found["totals"]["most"]) == (0, None)
    assert found["coverage"]["not_judged"] == ["kent"]


async def test_a_cell_without_a_number_leaves_the_most_open_for_its_force_alone(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row()], open_cells=2, not_counted=4)
    await nation.country.seals("essex", "2026-01", [Row()])
    found = await nation.picture(by="force")
    assert (found["totals"]["most"], found["open_cells"], found["not_counted"]) == (None, 2, 4)
    assert [(cell["force"], cell["most"]) for cell in found["cells"]] == [("essex", 1), ("kent", None)]
    assert [cell["most"] for cell in (await nation.picture(by="stage"))["cells"]] == [None]


async def test_the_csv_is_one_row_a_cell_and_every_row_says_what_it_is_of(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row(weight=3), Row(stage=None)])
    await nation.country.seals("essex", "2025-12", [Row()], open_cells=1)
    rows = await nation.table(by="force,stage")
    assert [(row["force"], row["stage"], row["in_scope"], row["most"]) for row in rows] == [
        ("essex", "identified", "1", ""), ("kent", "identified", "3", "3"), ("kent", "", "1", "1"),
    ]  # fmt: skip
    assert {row["scope_hash"] for row in rows} == {PUBLISHED.scopes[WIDE].hash}
    assert {row["reported_of_expected"] for row in rows} == {"1 of 45"}
    assert {(row["as_of_position"], row["as_of"]) for row in rows} == {("3", "2026-02-10T11:00:00.000000Z")}
    assert rows[0]["led_elsewhere_in_scope"] == "0"
    assert [row["in_scope"] for row in await nation.table()] == ["5"]


async def test_the_other_tables_are_csv_too(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row(ruling=OUT), Row(ruling=UNDETERMINED, weight=2)])
    charged = {row["rule"]: row["cases"] for row in await nation.table(table="attrition")}
    assert charged["suspects"] == "1"
    assert sum(int(row["cases"]) for row in await nation.table(table="missing")) == 4
    states = {row["force"]: (row["state"], row["judged"]) for row in await nation.table(table="coverage")}
    assert (states["kent"], states["essex"], len(states)) == (("reported", "true"), ("not_reported", ""), 45)
    assert "Accept: text/csv" in (await nation.refused(422, table="missing"))["do"]


async def test_the_same_data_is_the_same_bytes_and_need_not_be_sent_again(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01")
    first = await nation.ask(by="force")
    etag = first.headers["etag"]
    assert etag.startswith('"')
    again = await nation.client.get(PATH, params={"by": "force"}, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await nation.ask("text/csv", by="force")).headers["etag"] != etag
    assert (await nation.ask(by="stage")).headers["etag"] != etag
    await nation.country.something_else_happens()
    assert (await nation.ask(by="force")).headers["etag"] != etag
    then = await nation.ask(by="force", as_of="2")
    assert (await nation.ask(by="force", as_of="2")).headers["etag"] == then.headers["etag"]


async def test_the_picture_is_for_national_bodies_alone(nation: Nation) -> None:
    as_force = {"Authorization": f"Bearer {nation.force_token}"}
    assert (await nation.client.get(PATH, headers=as_force)).status_code == 403
    assert (await nation.client.get(f"{PATH}?by=nonsense", headers=as_force)).status_code == 403
    assert (await nation.client.get(PATH, headers={"Authorization": ""})).status_code == 401


async def test_what_cannot_be_answered_is_said_with_what_can(nation: Nation) -> None:
    assert (await nation.ask("application/xml")).status_code == 406
    unknown = await nation.refused(404, scope="2025-11-wied")
    assert (unknown["type"], WIDE in unknown["do"], REFERRAL in unknown["do"]) == (
        "/problems/no-such-scope",
        True,
        True,
    )
    assert "nfa_year" in (await nation.refused(422, by="nfa_yaer"))["do"]
    assert (await nation.refused(422, by="stage,setting"))["type"] == "/problems/deeper-cut"
    assert "Did you mean period?" in (await nation.refused(422, peroid="2026-01"))["do"]
    assert (await nation.refused(422, as_of="4711"))["type"] == "/problems/as-of-in-future"
    assert (await nation.refused(422, as_of="9" * 30))["type"] == "/problems/as-of-in-future"
    assert (await nation.refused(422, as_of="2026-02-20"))["type"] == "/problems/as-of-in-future"
    assert (await nation.refused(422, as_of="2020-01-01"))["status"] == 422
    assert (await nation.refused(422, as_of="0"))["status"] == 422
    assert (await nation.refused(422, period="2026-03"))["type"] == "/problems/period-not-begun"
    assert (await nation.refused(422, period="2025-10"))["type"] == "/problems/no-such-period"


async def test_a_parameter_given_twice_is_refused(nation: Nation) -> None:
    twice = await nation.client.get(f"{PATH}?scope={WIDE}&scope={REFERRAL}")
    assert (twice.status_code, "more than once" in twice.json()["detail"]) == (422, True)


async def test_an_edition_that_comes_into_force_later_does_not_change_what_was_asked_before(nation: Nation) -> None:
    before = await nation.country.seals("kent", "2026-01")
    moved = await nation.country.something_else_happens()
    async with nation.country.db.owner() as tx:
        await tx.execute(
            text("insert into scope_in_force (position, edition) values (:position, :edition)"),
            {"position": moved.position, "edition": nation.country.editions[REFERRAL]},
        )
    assert (await nation.picture(as_of=str(before.position)))["scope"]["edition"] == WIDE
    assert (await nation.picture())["scope"]["edition"] == REFERRAL


async def test_terms_that_are_published_no_more_are_read_as_they_were_adopted(
    nation: Nation, database: Database
) -> None:
    await nation.country.seals("kent", "2026-01")
    published = replace(PUBLISHED, terms={})
    async with database.national() as tx:
        found = await answer(tx, published, question([], NOW), NOW)
    assert as_document(found).terms.edition == "2025-11"
    assert found.picture.coverage.count(Reporting.REPORTED) == 1


async def test_the_picture_asks_the_same_queries_for_3_forces_as_for_43(nation: Nation) -> None:
    forces = [item.force for item in nation.country.terms.participation][:43]
    for force in forces[:3]:
        await nation.country.seals(force, "2026-01", [Row(shared_ref="kent:1", shared_with=("kent",), lead="kent")])
    with_three = await statements_of(nation.country.db, lambda: nation.picture(by="force,stage"))
    for force in forces[3:]:
        await nation.country.seals(force, "2026-01", [Row(weight=9), Row(shared_ref="kent:1")])
    assert (await nation.picture())["coverage"]["reported"] == 43
    assert await statements_of(nation.country.db, lambda: nation.picture(by="force,stage")) == with_three
    assert 0 < len(with_three) <= 12


@pytest.mark.parametrize("table", ["case_version", "draft_case", "held_row", "finding", "aggregate_cell"])
async def test_the_role_that_reads_the_picture_cannot_read_a_case(nation: Nation, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with nation.country.db.national() as tx:
            await tx.execute(text(f"select 1 from {table}"))
