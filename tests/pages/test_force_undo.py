"""Undoing an upload on the pages of a force."""

from __future__ import annotations

from tests.support.browser import Tab, signed_in
from tests.support.desk import a_desk, problems_of, went_on, words_of
from tests.support.returns import both_versions, opened
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import PERIOD, Served


async def test_a_wrong_file_is_undone_and_so_is_that(served: Served) -> None:
    desk = await a_desk(served)
    assert "Undo" not in await desk.read()
    assert "Nothing can be undone" in await desk.read("undo")
    await desk.put(as_csv(rows(3)))
    await desk.put(as_csv([a_row(case_ref="K/1")]), mode="snapshot")
    page = words_of(await desk.read())
    assert "Undo: bring back the return as it was before the upload of 20 January 2026 at 12:00 (CSV, 1 row" in page
    shown = words_of(await desk.read("undo"))
    assert "As it was before the upload" in shown
    assert "3 cases, 3 new" in shown
    nothing = await desk.send("undo")
    assert nothing.status_code == 422
    assert problems_of(nothing.text) == {"#state": "Choose what to bring back"}
    done = await desk.client.get(went_on(await desk.send("undo", state="2"), desk.month))
    assert "The return is what it was then." in done.text
    assert "3 cases: 3 new" in words_of(done.text)
    assert "before you brought an earlier one back" in words_of(done.text)
    went_on(await desk.send("undo", state="3"))
    assert "2 to answer" in words_of(await desk.read())


async def test_going_back_to_another_version_of_the_standard_is_said_before_and_after(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv(rows(1)))
    assert "of the data standard" not in words_of(await desk.read("undo"))
    await opened(both_versions(served.context), "kent", PERIOD, contract_version="2026.1")
    shown = words_of(await desk.read("undo"))
    assert "Written in version 2025.1 of the data standard, and the return is written in 2026.1 now" in shown
    done = await desk.client.get(went_on(await desk.send("undo", state="1"), desk.month))
    assert "The return is what it was then, and is written in version 2025.1 now." in words_of(done.text)
    refused = await desk.send("undo", state="2")
    assert refused.status_code == 422
    assert "2026.1, which the terms do not take" in problems_of(refused.text)["#state"]


async def test_a_form_that_is_behind_the_draft_brings_nothing_back(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv(rows(1)))
    hidden = await desk.hidden("undo")
    await desk.put(as_csv(rows(2)))
    late = await desk.send("undo", hidden, state="1")
    assert late.status_code == 412
    assert "changed since you opened this page" in problems_of(late.text)["#state"]
    assert (await desk.send("undo", state="7")).status_code == 404
    assert "2 cases" in words_of(await desk.read())
    essex = await signed_in(served, "essex")
    assert (await essex.get(desk.address("undo"))).status_code == 404


async def test_undoing_works_by_hand_and_on_a_phone(served: Served, phone: Tab) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv(rows(2)))
    await phone.sign_in("kent")
    assert await phone.open(f"/forces/kent/returns/{PERIOD}") == 200
    await phone.page.get_by_role("link", name="Undo: bring back").click()
    assert await phone.careful() == []
    await phone.page.get_by_label("As it was before the upload").check()
    await phone.page.get_by_role("button", name="Bring it back").click()
    await phone.page.get_by_text("The return is what it was then.").wait_for()
    assert await phone.careful() == []
