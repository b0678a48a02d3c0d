"""What forces are still asked, as a coordinator reads it."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from service.returns.rejudging import judge_remaining
from tests.support.browser import signed_in
from tests.support.desk import words_of
from tests.support.editions import NARROW, a_scope, a_way
from tests.support.identity import Hand
from tests.support.reading import read_page
from tests.support.returns import a_case, csv_of
from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, good

PATH = "/national/outstanding"


async def test_under_an_edition_that_is_tallied_no_more_the_pages_say_so(served: Served) -> None:
    way = await a_way(served)
    for made in (a_scope(tallied_until="2026-01-25"), a_scope("2026-07-after", least=2)):
        await way.confirmed(await way.proposed(made))
    assert isinstance(served.clock, Hand)
    served.clock.forward(days=6)
    item = Return(await served.client("kent"), "kent", "2025-11")
    await item.open()
    await item.upload(csv_of([a_case("K/1", suspect_count="", suspects_not_recorded="")]))
    await item.explain_all()
    await item.seal()
    nca, kent = await signed_in(served, "nca"), await signed_in(served, "kent")
    says = "Returns that were sealed since another edition came into force and after 25 January 2026 have no tally"
    for page, more in (
        (PATH, "1 of 1 forces’ returns are not judged under this edition, and will not be: it is not tallied any more"),
        (
            "/national",
            "1 return has no tally under this edition, which is not tallied any more. All the cases in it stay",
        ),
    ):
        words = words_of((await nca.get(page, params={"scope": NARROW})).text)
        assert says in words
        assert more in words
    assert says in words_of((await nca.get(f"/national/scopes/{NARROW}")).text)
    asked = words_of((await kent.get("/forces/kent/work-list", params={"scope": NARROW})).text)
    assert ", which is no longer in force" in asked
    assert says in asked


async def test_a_past_picture_says_how_its_edition_stood_then(served: Served) -> None:
    way = await a_way(served)
    for made in (a_scope(), a_scope("2026-07-after", least=2)):
        await way.confirmed(await way.proposed(made))
    nca = await signed_in(served, "nca")
    position = {
        each["subject"]: str(each["position"]) for each in await _steps(served) if each["kind"] == "scope_in_force"
    }
    for asked, says in (
        ({"scope": NARROW}, "This edition is no longer in force. The picture shows"),
        ({"scope": NARROW, "as_of": position["2026-07-after"]}, "This edition was no longer in force then."),
        ({"scope": NARROW, "as_of": position[NARROW]}, "This edition was in force then, and is no longer in force."),
        ({"scope": NARROW, "as_of": "1"}, "This edition was not in force then."),
    ):
        assert says in words_of((await nca.get("/national", params=asked)).text)


async def test_a_figure_leads_to_what_is_said_of_an_edition_whose_last_day_has_passed_since(served: Served) -> None:
    way = await a_way(served)
    item = Return(await served.client("kent"), "kent", "2025-11")
    await item.open()
    await item.upload(csv_of([a_case("K/1")]))
    await item.explain_all()
    await item.seal()
    for made in (a_scope(tallied_until="2026-01-25"), a_scope("2026-07-after", least=2)):
        proposed = await way.proposed(made)
        await judge_remaining(served.context)
        await way.confirmed(proposed)
    assert isinstance(served.clock, Hand)
    served.clock.forward(days=6)
    page = read_page((await (await signed_in(served, "nca")).get("/national", params={"scope": NARROW})).text)
    bodys = (await a_way(served)).nca
    led, now = [
        good(await bodys.get(address))["coverage"]
        for address in (page.link("0"), f"/api/national/picture?scope={NARROW}")
    ]
    assert (led["tallied"], led) == (False, now)


async def _steps(served: Served) -> list[dict[str, object]]:
    async with served.db.owner() as tx:
        return [dict(row) for row in (await tx.execute(text("select kind, subject, position from change"))).mappings()]


async def test_a_coordinator_sees_what_each_force_is_asked_under_which_edition_and_a_force_does_not(
    served: Served,
) -> None:
    nca = await signed_in(served, "nca")
    assert "No force has sealed a return." in words_of((await nca.get(PATH)).text)
    item = Return(await served.client("kent"), "kent", "2025-11")
    await item.open()
    await item.upload(csv_of([a_case("K/1", victim_count="2"), a_case("K/2", victim_count="2", nfa_by="")]))
    await item.explain_all()
    await item.seal()
    assert f'href="{PATH}?scope=2025-11-wide"' in (await nca.get("/national")).text
    words = words_of((await nca.get(PATH)).text)
    assert "Under 2025-11-wide, Group-based child sexual offending, wide definition" in words
    assert "No further action by 1 1 1" in words
    assert "Kent Police November 2025 1 No further action by 1" in words
    assert "Most often: 1 lack ‘No further action by’ alone." in words
    referral = (await nca.get(PATH, params={"scope": "2026-02-referral", "period": "2025-11"})).text
    assert "Under 2026-02-referral" in words_of(referral)
    assert "Suspects believed alive 2 0 1" in words_of(referral)
    assert "/api/national/outstanding?scope=2026-02-referral&amp;period=2025-11" in referral
    assert "Kent Police November 2025 2" in words_of(referral)
    assert "together 1 1 Download this table" in words_of(referral)
    assert "No force has sealed a return for it." in words_of((await nca.get(PATH, params={"period": "2025-10"})).text)
    for query, status in (({"period": "x"}, 422), ({"foo": "x"}, 422), ({"scope": "2020-01-none"}, 404)):
        assert (await nca.get(PATH, params=query)).status_code == status
    assert (await (await signed_in(served, "kent")).get(PATH)).status_code == 403


async def test_what_a_coordinator_downloads_is_what_the_page_is_of(served: Served) -> None:
    nca = await signed_in(served, "nca")
    item = Return(await served.client("kent"), "kent", "2025-11")
    await item.open()
    await item.upload(csv_of([a_case("K/1", victim_count="2"), a_case("K/2", victim_count="2", nfa_by="")]))
    await item.explain_all()
    await item.seal()
    page = (await nca.get(PATH, params={"scope": "2026-02-referral", "period": "2025-11"})).text
    links = [unescape(found) for found in re.findall(rf'href="({PATH}/table[^"]*)"', page)]
    assert [parse_qs(urlsplit(link).query)["scope"] for link in links] == [["2026-02-referral"]] * 7
    for link in links:
        answered = await nca.get(link)
        assert answered.status_code == 200, link
        assert answered.headers["content-disposition"].startswith('attachment; filename="outstanding-2026-02-referral')
    together = list(csv.DictReader(io.StringIO((await nca.get(f"{PATH}/table.csv?table=together")).text)))
    assert [(row["attributes"], row["says"], row["cases"]) for row in together] == [
        ("nfa_by", "‘No further action by’ alone", "1")
    ]
    for path in ("table.csv?table=cells", "table.csv?foo=1", "tables.xlsx?table=together"):
        assert (await nca.get(f"{PATH}/{path}")).status_code == 422
    kent = await signed_in(served, "kent")
    for path in ("table.csv", "tables.xlsx"):
        assert (await kent.get(f"{PATH}/{path}")).status_code == 403


async def test_the_page_says_what_was_outstanding_then_and_how_the_range_narrowed(served: Served) -> None:
    assert isinstance(served.clock, Hand)
    blank, known = a_case("K/1", nfa_by=""), a_case("K/1", nfa_by="police")
    for period, case in (("2025-11", blank), ("2025-12", known)):
        item = Return(await served.client("kent"), "kent", period)
        await item.open()
        await item.upload(csv_of([case]))
        await item.explain_all()
        await item.seal()
        served.clock.forward(days=20)
    nca = await signed_in(served, "nca")
    now = (await nca.get(PATH)).text
    assert "The end of January 2026 1 0 1 0 to 1" in words_of(now)
    assert "0 cases and counts are undetermined." in words_of(now)
    then_at = f"{PATH}?scope=2025-11-wide&as_of=2026-01-31"
    assert then_at.replace("&", "&amp;") in now
    then = (await nca.get(then_at)).text
    assert "return that counts as of 31 January 2026" in words_of(then)
    assert "1 case or count was undetermined." in words_of(then)
    assert "No further action by 1 1 1" in words_of(then)
    assert f'href="{PATH}?scope=2025-11-wide">As of the last change instead' in then
    assert "/api/national/outstanding?scope=2025-11-wide&amp;as_of=2026-01-31" in then
    links = [unescape(found) for found in re.findall(rf'href="({PATH}/table[^"]*)"', then)]
    assert [parse_qs(urlsplit(link).query)["as_of"] for link in links] == [["2026-01-31"]] * 7
    picture = (await nca.get("/national?as_of=2026-01-31")).text
    assert f'href="{PATH}?scope=2025-11-wide&amp;as_of=2026-01-31">What each force is still asked' in picture
    for as_of, status in (("soon", 422), ("2030-01-01", 422)):
        assert (await nca.get(PATH, params={"as_of": as_of})).status_code == status


async def test_the_page_tells_numbers_and_shared_cases_apart(served: Served) -> None:
    shared = {"shared_ref": "kent:0412", "lead_force": "kent", "nfa_by": ""}
    cells = csv_of([{"nfa_date": "2013", "suspect_count": "", "cases": "4"}])
    for force, other in (("kent", "essex"), ("essex", "kent")):
        item = Return(await served.client(force), force, "2025-11")
        await item.open()
        await item.upload(as_csv([a_row(shared_with=other, **shared)]))
        await item.explain_all()
        await item.seal()
    item = Return(await served.client("surrey"), "surrey", "2025-11")
    await item.open(case_years=[])
    await item.client.put(f"{item.path}/aggregates", content=cells, headers={"Content-Type": "text/csv"})
    await item.explain_all()
    await item.seal()
    words = words_of((await (await signed_in(served, "nca")).get(PATH)).text)
    assert "6 cases and counts are undetermined." in words
    assert "4 of them are reported as numbers alone. No work-list asks about those" in words
    assert (
        "Each force’s cases and counts stand here once, so that all add up to 6. "
        "1 of them is a case that another force leads: its own force is asked all the same, and the picture, where the "
        "lead’s report counts, takes it out."
    ) in words
    assert "Surrey Police November 2025 4 4" in words
    assert "Kent Police November 2025 1 0" in words


async def test_the_pages_of_a_moment_before_an_edition_was_rejected_stay(served: Served) -> None:
    way = await a_way(served)
    await Return(await served.client("kent")).report([a_row(suspect_count=3)])
    await way.proposed()
    await judge_remaining(served.context)
    nca = await signed_in(served, "nca")
    then = {"scope": NARROW, "as_of": good(await way.nca.get("/api/national/picture"))["as_of"]["position"]}
    bridge = {"from": then["as_of"], "from_scope": NARROW}
    outstanding = (await nca.get(PATH, params=then)).text
    good(await way.npcc.post(f"/api/scopes/{NARROW}/reject", json={"reason": "No."}))
    assert words_of((await nca.get(PATH, params=then)).text) == words_of(outstanding)
    picture = (await nca.get("/national", params=then)).text
    assert "This edition was not in force then, and has been rejected since." in words_of(picture)
    assert f"({NARROW}, rejected)" in picture
    assert (await nca.get("/national/bridge", params=bridge)).status_code == 200
    for page in (PATH, "/national"):
        refused = await nca.get(page, params={"scope": NARROW})
        assert refused.status_code == 422
        assert f"or of a moment before it was rejected, which is change {then['as_of'] + 1}, " in refused.text
