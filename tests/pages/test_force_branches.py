"""Correcting an older month on the pages of a force, filling in a skipped one, and carrying the corrections on."""

from __future__ import annotations

from tests.support.browser import Tab
from tests.support.desk import Desk, a_desk, problems_of, went_on, words_of
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import Served


async def sealed(desk: Desk, content: str) -> str:
    await desk.put(content)
    await desk.answer_all()
    return words_of(await desk.seal())


async def test_an_older_month_is_corrected_and_the_same_put_into_the_newest_return(served: Served) -> None:
    november = await a_desk(served)
    await sealed(november, as_csv(rows(2)))
    december, january = (Desk(november.client, "kent", period) for period in ("2025-12", "2026-01"))
    await december.open()
    await sealed(december, as_csv([a_row(case_ref="K/2", setting="gang")]))
    offered = words_of(await november.read("correct"))
    assert "It changes the figures of November 2025 alone" in offered
    assert "Your returns up to December 2025 stay as they are" in offered
    went_on(await november.send("correct"))
    assert "A later month is sealed already: this return changes the figures of November" in words_of(
        await november.read()
    )
    corrected = as_csv([a_row(case_ref="K/1", suspect_count=7), a_row(case_ref="K/2", setting="other")])
    receipt = await sealed(november, corrected)
    assert "The same corrections (2 cases) can go into your newest return" in receipt
    assert "No return is open that the corrections could go into" in words_of(await november.read("corrections"))
    assert problems_of((await november.send("corrections", revision="2")).text)
    await january.open()
    page = words_of(await november.read("corrections"))
    assert "They can go into your return for January 2026, which is in progress: 1 case changes there" in page
    assert "It was changed in a later return too" in page
    done = went_on(await november.send("corrections"), january.month)
    assert "The corrections are in this return now." in words_of((await november.client.get(done)).text)
    assert "There is nothing to put into your return for January 2026" in words_of(await november.read("corrections"))
    kept = await november.send("withdraw", reason="Sent in error.")
    assert "Only the return of a force" in problems_of(kept.text)["#reason"]


async def test_a_skipped_month_is_offered_and_says_what_it_changes(served: Served) -> None:
    november = await a_desk(served)
    await sealed(november, as_csv(rows(1)))
    january = Desk(november.client, "kent", "2026-01")
    await january.open()
    await sealed(january, as_csv(rows(2)))
    offered = words_of((await november.client.get("/forces/kent/open")).text)
    says = "it begins with what you sealed for November 2025, and changes the figures of December 2025 alone"
    assert f"Skipped: {says}" in offered
    december = Desk(november.client, "kent", "2025-12")
    await december.open()
    assert "Return sealed" in await sealed(december, as_csv([a_row(case_ref="K/7")]))


async def test_carrying_corrections_works_by_hand_and_on_a_phone(served: Served, phone: Tab) -> None:
    november = await a_desk(served)
    await sealed(november, as_csv(rows(2)))
    december, january = (Desk(november.client, "kent", period) for period in ("2025-12", "2026-01"))
    await december.open()
    await sealed(december, as_csv([a_row(case_ref="K/2", setting="gang")]))
    went_on(await november.send("correct"))
    await sealed(november, as_csv([a_row(case_ref="K/1", suspect_count=7), a_row(case_ref="K/2", setting="other")]))
    await january.open()
    await phone.sign_in("kent")
    assert await phone.open("/forces/kent/returns/2025-11/receipt") == 200
    assert await phone.careful() == []
    await phone.page.get_by_role("button", name="Put them into the newest return").click()
    assert await phone.careful() == []
    await phone.page.get_by_role("button", name="Put the corrections into January 2026").click()
    assert "The corrections are in this return now." in await phone.page.inner_text("main")
    assert await phone.careful() == []
