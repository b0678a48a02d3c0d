"""The real case: the wide definition gives way to that for referral, and one force answers what only it can."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

from service.cli.story import A, B, play, read_stood
from service.clock import london_date, system_clock
from service.demo.country import load_country
from service.demo.folder import Country, make_keys
from service.demo.moments import adopted_at, sealings
from service.demo.plan import SEED, plan
from service.demo.terms import demo_terms, with_terms
from service.storage.database import Database
from service.terms.adopt import adopt
from service.terms.calendar import period_of
from tests.support.browser import signed_in
from tests.support.server import PUBLISHED, Served, a_served, good

FORCES = ("kent", "essex")
NEVER_ASKED = {"contact_offence", "suspects_alive", "independently_reviewed"}


async def asked(served: Served, force: str, scope: str) -> dict[str, dict[str, Any]]:
    """The work-list of a force: by case, its period and what it lacks."""
    client = await served.client(force)
    found = good(await client.get(f"/api/forces/{force}/work-list", params={"scope": scope, "limit": "1000"}))
    return {item["case_id"]: item | {"period": found["return"]["period"]} for item in found["items"]}


async def rows(served: Served, force: str, period: str) -> dict[str, dict[str, str]]:
    """The rows of a return as its force reads them."""
    client = await served.client(force)
    answered = await client.get(f"/api/forces/{force}/returns/{period}/cases", headers={"Accept": "text/csv"})
    assert answered.status_code == 200, answered.text
    return {row["case_ref"]: row for row in csv.DictReader(io.StringIO(answered.text))}


async def check_what_is_asked(served: Served) -> None:
    """Of cases that A counts, B lacks what A never asked, and the victims where A was content with one."""
    nca = await served.client(None, body="nca")
    expected = good(await nca.post(f"/api/scopes/{B}/simulate", json={"against": A}))["flips"]
    by_list = settled = 0
    offences = PUBLISHED.library.lists["offences-2025"].by_code
    for force in FORCES:
        undecided_before = await asked(served, force, A)
        client = await served.client(force)
        lacking = await asked(served, force, B)
        stock = await rows(served, force, next(iter(lacking.values()))["period"])
        for case_id, item in lacking.items():
            at = f"/api/forces/{force}/returns/{item['period']}"
            why = good(await client.get(f"{at}/cases/{case_id}/why", params={"scope": A}))
            if why["verdict"] != "in_scope":
                assert (why["verdict"] == "undetermined") == (case_id in undecided_before)
                continue
            by_list += 1
            missing = {each["attribute"]: each["value"] for each in item["missing"]}
            row = stock[item["case_ref"]]
            assert {"suspects_alive", "independently_reviewed"} <= set(missing)
            assert set(missing) - NEVER_ASKED <= {"victim_count"}
            if "victim_count" in missing:
                assert row["victim_count"] == "1+"
            contact = {offences[code].columns["contact"] for code in row["offence_code"].split("|")}
            assert ("contact_offence" in missing) == (contact != {"yes"})
            settled += contact == {"yes"}
    (moved,) = [each["cases"] for each in expected if (each["before"], each["after"]) == ("in_scope", "undetermined")]
    assert by_list == moved
    assert 0 < settled < by_list


async def by_force(served: Served, **query: Any) -> dict[str, dict[str, Any]]:
    nca = await served.client(None, body="nca")
    found = good(await nca.get("/api/national/picture", params={"by": "force", "scope": B, **query}))
    return {cell.pop("force"): cell for cell in found["cells"]}


async def check_the_end(served: Served, folder: Path) -> None:
    """One force's range is closed, no other figure moved, and the bridge has nothing but the two causes."""
    nca = await served.client(None, body="nca")
    stood = read_stood(folder)
    assert stood is not None
    before, after = await by_force(served, as_of=stood.switched), await by_force(served)
    assert before["kent"]["least"] < before["kent"]["most"]
    assert after["kent"]["least"] == after["kent"]["most"] > 0
    assert after["kent"]["most"] < before["kent"]["most"], "not all answers are the same"
    assert {force: cell for force, cell in before.items() if force != "kent"} == {
        force: cell for force, cell in after.items() if force != "kent"
    }
    ends = {"from": stood.opening, "to": stood.closing, "from_scope": A, "to_scope": B, "by": "force"}
    bridge = good(await nca.get("/api/national/bridge", params=ends))
    assert {part["cause"] for part in bridge["parts"]} == {"scope", "settled"}
    rules = {part["rule"] for part in bridge["parts"] if part["cause"] == "scope"}
    assert rules <= {None, "contact", "alive", "victims", "when", "unreviewed"}
    assert {"contact", "victims"} <= rules
    for column in ("in_scope", "least", "most"):
        moved = sum(part[column] for part in bridge["parts"])
        assert bridge["opening"][column] + moved == bridge["closing"][column]
    for each in bridge["forces"]:
        settles = any(part["cause"] == "settled" for part in each["parts"])
        assert settles == (each["force"] == "kent")
    assert good(await nca.get("/api/national/reconcile"))["mismatches"] == []


async def test_a_change_of_scope_leaves_open_what_was_never_asked_and_one_forces_answers_close_its_range(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = system_clock()
    whole = plan(london_date(now), 1_500, SEED)
    few = replace(whole, forces=tuple(whole.by_force[force] for force in FORCES))
    terms = demo_terms(PUBLISHED, whole)
    published, adopted = with_terms(PUBLISHED, terms)
    country = Country(
        day=whole.day, cases=1_500, seed=SEED, began=now, edition=terms.name, terms=terms.content, loaded=True
    )
    await adopt(database, published, adopted, adopted_at(whole))
    async with a_served(database, tmp_path, published=published, clock=system_clock, pages=True) as served:
        await load_country(served.context, few, sealings(few, now), lambda *_: None)
        codes = served.context.forces.by_code
        await make_keys(database, tmp_path, served.addresses, codes, FORCES, adopted_at(whole))
        await check_what_is_asked(served)
        period = str(period_of(london_date(now)))
        for _ in range(2):  # the second time it is told that it was played
            await asyncio.to_thread(
                play, served.addresses.origin, tmp_path, country, "kent", period, Event(), waits=False
            )
        await check_the_end(served, tmp_path)
        said = capsys.readouterr().out
        pages = re.findall(r"^Look at (\S+)  \(signed in as (\S+)\)$", said, re.MULTILINE)
        assert len(pages) == 9
        for address, who in pages:
            page = await (await signed_in(served, who)).get(address)
            assert page.status_code == 200, (address, page.text)
    assert said.count("7. The range of that force") == 1
    assert "because undetermined cases were settled" in said
    assert "The story has been played here" in said
