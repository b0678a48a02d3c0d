"""*This finding is wrong* on a force's pages: said beside the finding, passed on, told in place; nothing changes."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser
from sqlalchemy import text

from tests.support.browser import a_tab
from tests.support.desk import Desk, a_desk, count_of, hidden_in, problems_of, went_on, words_of
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import PERIOD, Return, Served, good

MONTH = f"/forces/kent/returns/{PERIOD}"
SAID = "Your force said on 20 January 2026 that this finding is wrong: The victim is the public."
PASSED_ON = "It was passed on to those who keep the rules. It changes nothing in the return"


async def a_kent_return(served: Served) -> Desk:
    """Two cases of which a rule says something unlikely, and a row that is held."""
    desk = await a_desk(served)
    unlikely = [a_row(case_ref=f"K/{n}", victim_count=0) for n in (1, 2)]
    await desk.put(as_csv([*unlikely, a_row(case_ref="K/9", suspect_count="two")]))
    return desk


async def disputes(served: Served) -> int:
    return await count_of(served, "select count(*) from dispute")


@pytest.mark.parametrize(
    "page", ["findings", "findings?severity=quality", "findings/Q335", "findings/Q335?show=waiting"]
)
async def test_a_finding_is_disputed_where_it_stands_and_says_so_with_the_day(served: Served, page: str) -> None:
    desk = await a_kent_return(served)
    state = (await count_of(served, "select draft_version from case_return"), words_of(await desk.read()))
    address = went_on(await desk.dispute(page, "The victim is the public.", reference="K/1", rule="Q335"))
    assert address.startswith(f"{MONTH}/{page}#finding-")
    shown = await desk.read(page)
    assert f'id="{address.partition("#")[2]}"' in shown
    words = words_of(shown)
    assert words.count(SAID) == 1
    assert f"{PASSED_ON}: the finding still has to be answered or mended." in words
    assert 'name="reference" value="K/1"' not in shown
    assert 'name="reference" value="K/2"' in shown
    assert (await count_of(served, "select draft_version from case_return"), words_of(await desk.read())) == state


async def test_a_dispute_from_a_page_is_the_one_that_the_api_takes(served: Served) -> None:
    desk = await a_kent_return(served)
    went_on(await desk.dispute("findings/Q335", "By page.", reference="K/1"))
    kent = await served.client("kent")
    said = {"rule": "Q335", "case_ref": "K/2", "words": "By program."}
    good(await kent.post(f"/api{MONTH}/disputes", json=said))
    assert words_of(await desk.read("findings/Q335")).count(PASSED_ON) == 2
    nca = await served.client(body="nca")
    told = good(await nca.get("/api/national/disputes/Q335"))["items"]
    assert {(each["force"], each["words"]) for each in told} == {("kent", "By page."), ("kent", "By program.")}
    async with served.db.owner() as tx:
        logged = await tx.execute(
            text("select entry from audit_entry where action = 'finding_disputed' order by index")
        )
        entries = [bytes(entry).decode() for entry in logged.scalars()]
    assert len(entries) == 2
    assert '"rule":"Q335"' in entries[0]
    assert "K/1" not in entries[0]
    assert "By page." not in entries[0]


@pytest.mark.parametrize(
    ("page", "about"), [("findings/Q335", {"reference": "K/2"}), ("findings", {"reference": "K/2"}), ("held", {})]
)
async def test_words_that_are_refused_come_back_typed_with_the_error_at_their_field(
    served: Served, page: str, about: dict[str, str]
) -> None:
    desk = await a_kent_return(served)
    answered = await desk.dispute(page, " ", **about)
    assert answered.status_code == 422
    ((place, says),) = problems_of(answered.text).items()
    assert says == "Write what is wrong about it"
    assert f'id="{place[1:]}-error"' in answered.text
    long = "It is so. " * 201
    answered = await desk.dispute(page, long, **about)
    assert problems_of(answered.text) == {place: "Write 2,000 characters or fewer: these are 2,009"}
    assert f">{long.strip()}</textarea>" in answered.text
    assert answered.text.count(" open>") == 1
    assert await disputes(served) == 0


async def test_a_dispute_sent_twice_is_one_and_two_of_one_page_are_two(served: Served) -> None:
    desk = await a_kent_return(served)
    forms = [hidden_in(form) for form in (await desk.read("findings/Q335")).split("<form")]
    one, other = ({**form, "dispute": "No."} for form in forms if form.get("reference") in ("K/1", "K/2"))
    sent = [desk.client.post(desk.address("findings/Q335"), data=form) for form in (one, one, other)]
    for answered in await asyncio.gather(*sent):
        went_on(answered)
    assert await disputes(served) == 2


async def test_a_row_that_is_held_can_be_disputed_beside_its_text(served: Served) -> None:
    desk = await a_kent_return(served)
    went_on(await desk.dispute("held", "Two is a number.", reference="K/9"), f"{MONTH}/held#finding-1")
    for page in ("held", "findings"):
        words = words_of(await desk.read(page))
        assert "that this finding is wrong: Two is a number." in words
        assert f"{PASSED_ON}: the row still has to be mended or set aside." in words
    assert "1 row is to be resolved" in words_of(await desk.read("held"))


async def test_a_finding_about_the_whole_return_can_be_disputed_and_another_months_is_another(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv([a_row(case_ref=reference, victim_count=0) for reference in ("K/1", "K-1")]))
    went_on(await desk.dispute("findings/M405", "The victim is the public.", reference=""))
    assert SAID in words_of(await desk.read("findings/M405"))
    went_on(await desk.dispute("findings/Q335", "A case is one.", reference="K/1"))
    await desk.answer_all()
    await desk.seal()
    sealed = words_of(await desk.read("findings?severity=macro"))
    assert f"{PASSED_ON}." in sealed
    later = await a_desk(served, period="2025-12")
    await later.put(as_csv([a_row(case_ref="K/1", victim_count=0, suspect_count=5)]))
    assert "A case is one." in words_of(await later.read("findings/Q335"))
    assert "The victim is the public." not in words_of(await later.read("findings"))


async def test_what_one_force_disputed_is_not_told_to_another(served: Served) -> None:
    desk = await a_kent_return(served)
    went_on(await desk.dispute("findings/Q335", "The victim is the public.", reference="K/1"))
    essex = await a_desk(served, "essex")
    await essex.put(as_csv([a_row(case_ref="K/1", victim_count=0)]))
    page = await essex.read("findings/Q335")
    assert "The victim is the public." not in page
    assert 'name="reference" value="K/1"' in page


async def test_a_finding_that_is_gone_is_not_disputed_and_the_words_are_kept(served: Served) -> None:
    desk = await a_kent_return(served)
    stale = [hidden_in(form) for form in (await desk.read("findings/Q335")).split("<form")]
    (sent,) = (form for form in stale if form.get("reference") == "K/1")
    await desk.put(as_csv([a_row(case_ref="K/1", victim_count=1)]))
    answered = await desk.client.post(desk.address("findings/Q335"), data={**sent, "dispute": "Words typed."})
    assert answered.status_code == 409
    gone = "The return does not have this finding any more, so nothing was passed on."
    assert problems_of(answered.text) == {"#dispute-0": gone}
    assert 'id="dispute-0"' in answered.text
    assert ">Words typed.</textarea>" in answered.text
    assert await disputes(served) == 0


async def test_words_of_a_dispute_are_words_and_never_markup(served: Served) -> None:
    desk = await a_kent_return(served)
    went_on(await desk.dispute("findings/Q335", "<b>No</b>\nand so on", reference="K/1"))
    page = await desk.read("findings/Q335")
    assert "&lt;b&gt;No&lt;/b&gt;" in page
    assert "<b>No" not in page


@pytest.mark.parametrize(("phone", "scripts"), [(False, True), (True, True), (False, False)])
async def test_a_finding_can_be_disputed_on_a_desk_on_a_phone_and_without_script(
    served: Served, browser: Browser, *, phone: bool, scripts: bool
) -> None:
    await a_kent_return(served)
    async with a_tab(browser, served.addresses.origin, phone=phone, scripts=scripts) as tab:
        await tab.sign_in("kent")
        for page, key, rule in (("findings", "K/1", "Q335"), ("findings/Q335", "K/2", "Q335"), ("held", "K/9", "S")):
            assert await tab.open(f"{MONTH}/{page}") == 200
            assert await tab.careful() == []
            form = tab.page.locator("details", has=tab.page.locator(f'input[value="{key}"]')).filter(has_text=rule).last
            await form.locator("summary").click()
            assert await tab.careful() == []
            async with tab.page.expect_navigation():
                await form.get_by_role("button").click()
            assert await tab.page.get_by_role("alert").get_by_text("Write what is wrong about it").count() == 1
            assert await tab.careful() == []
            form = tab.page.locator("details[open]")
            await form.get_by_label("What is wrong about it?").fill("It is right.")
            async with tab.page.expect_navigation():
                await form.get_by_role("button").click()
            told = tab.page.locator(".app-disputed:focus")
            assert "Your force said on 20 January 2026" in await told.inner_text()
            assert await tab.careful() == []


async def test_a_return_that_is_sealed_can_be_disputed_as_by_the_api(served: Served) -> None:
    desk = await a_kent_return(served)
    await desk.put(as_csv([*rows(1), a_row(case_ref="K/9")]))
    await desk.answer_all()
    await desk.seal()
    went_on(await desk.dispute("findings/Q335", "After all.", reference="K/2"))
    words = words_of(await desk.read("findings/Q335"))
    assert "After all." in words
    assert f"{PASSED_ON}." in words
    kent = Return(await served.client("kent"))
    assert (await kent.read())["state"] == "sealed"
