"""Forms of a force's pages: errors keep what was typed, and what is sent twice has its effect once."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import text

from tests.support.desk import Desk, a_desk, count_of, problems_of, went_on, words_of
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import PERIOD, Served

MONTH = f"/forces/kent/returns/{PERIOD}"


async def logged(served: Served, action: str) -> int:
    """How many entries of one kind the audit log has."""
    async with served.db.owner() as tx:
        found = await tx.execute(text("select count(*) from audit_entry where action = :action"), {"action": action})
        return int(found.scalar_one())


def no_suspect(count: int, first: int = 1) -> str:
    """Cases that each have one finding, under Q336, that wants an answer."""
    return as_csv([a_row(case_ref=f"K/{n}", suspect_count=0) for n in range(first, first + count)])


async def test_a_month_must_be_chosen_and_years_are_kept_as_typed(served: Served) -> None:
    desk = await a_desk(served, opened=False)
    answered = await desk.client.post("/forces/kent/open", data={"years": "listed", "listed": "2014 to 2012"})
    assert answered.status_code == 422
    assert problems_of(answered.text) == {
        "#period": "Choose the month",
        "#listed": "Write years as 2012, or spans as 2012-2014, with commas between",
    }
    assert 'value="2014 to 2012"' in answered.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("2014-2012", "Write the earlier year"),
        ("20142", "Write years"),
        ("", "Write the years"),
        ("1850", "Write years"),
    ],
)
async def test_years_that_cannot_be_are_refused(served: Served, typed: str, says: str) -> None:
    desk = await a_desk(served, opened=False)
    form = {"period": PERIOD, "years": "listed", "listed": typed}
    answered = await desk.client.post("/forces/kent/open", data=form)
    assert problems_of(answered.text)["#listed"].startswith(says)


async def test_declared_years_are_stored_and_can_be_changed(served: Served) -> None:
    desk = await a_desk(served, opened=False)
    await desk.open(years="listed", listed="2012 – 2014, 2016", unknown="yes")
    assert "2012-2014, 2016, and cases whose year is not known" in words_of(await desk.read())
    went_on(await desk.send("declare", years="listed", listed="2016"), MONTH)
    assert "Reported case by case 2016 Data" in words_of(await desk.read())
    went_on(await desk.send("declare", years="all"), MONTH)
    assert "Reported case by case Every year" in words_of(await desk.read())


async def test_opening_twice_opens_once(served: Served) -> None:
    desk = await a_desk(served, opened=False)
    await asyncio.gather(desk.open(), desk.open())
    assert await logged(served, "return_opened") == 1


@pytest.mark.parametrize("period", ["2025-10", "2026-02", "2025-13", "x"])
async def test_a_month_that_cannot_be_opened_is_refused_in_words(served: Served, period: str) -> None:
    desk = await a_desk(served, opened=False)
    answered = await desk.client.post("/forces/kent/open", data={"period": period, "years": "all"})
    assert answered.status_code == 422
    assert "#period" in problems_of(answered.text)


async def test_a_month_without_a_return_leads_to_opening_it(served: Served) -> None:
    desk = await a_desk(served, opened=False)
    answered = await desk.client.get(desk.month)
    assert answered.headers["location"] == f"/forces/kent/open?period={PERIOD}"


async def test_an_answer_without_words_is_asked_for_again(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(no_suspect(3))
    answered = await desk.send("findings/Q336")
    assert problems_of(answered.text) == {"#how": "Say whether you confirm or explain"}
    answered = await desk.send("findings/Q336", how="explain")
    assert problems_of(answered.text) == {"#words": "Write why it is so"}
    long = "so it is. " * 201
    answered = await desk.send("findings/Q336", how="explain", words=long, which="some", case=["K/2", "K/3"])
    assert answered.status_code == 422
    assert "these are 2,009" in problems_of(answered.text)["#words"]
    assert long.strip() in answered.text
    assert re.findall(r'name="case" value="(K/\d)" checked', answered.text) == ["K/2", "K/3"]
    assert await count_of(served, "select count(*) from answer") == 0


async def test_some_cases_are_answered_in_their_own_words_and_then_the_rest(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(no_suspect(3))
    address = went_on(await desk.send("findings/Q336", how="explain", words="Two.", which="some", case=["K/2"]))
    assert address == f"{MONTH}/findings/Q336?done=answered"
    assert "2 of them without an answer" in words_of(await desk.read("findings/Q336"))
    assert "K/2" not in await desk.read("findings/Q336?show=waiting")
    address = went_on(await desk.send("findings/Q336", how="confirm"))
    assert address == f"{MONTH}/findings?done=answered"
    words = words_of(await desk.read("findings/Q336"))
    assert words.count("Your answer Confirmed: checked, and right as it was sent.") == 2
    assert words.count("Your answer Two.") == 1


async def test_an_answer_without_a_ticked_case_is_asked_for_one(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(no_suspect(2))
    answered = await desk.send("findings/Q336", how="explain", words="It is so.", which="some")
    assert problems_of(answered.text) == {"#which": "Tick the cases below that your answer is for"}
    assert ">It is so.</textarea>" in answered.text


async def test_an_answer_sent_twice_is_stored_once(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(no_suspect(2))
    hidden = await desk.hidden("findings/Q336")
    sent = [desk.send("findings/Q336", hidden, how="explain", words="It is so.") for _ in range(2)]
    one, two = await asyncio.gather(*sent)
    assert went_on(one) == went_on(two)
    assert await logged(served, "findings_answered") == 1


async def test_who_answers_all_answers_those_that_they_saw(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(no_suspect(2))
    hidden = await desk.hidden("findings/Q336")
    await desk.put(no_suspect(1, first=9))
    answered = await desk.send("findings/Q336", hidden, how="explain", words="For the two.")
    assert answered.status_code == 409
    assert "changed since you opened this page" in problems_of(answered.text)["#how"]
    assert ">For the two.</textarea>" in answered.text
    assert await count_of(served, "select count(*) from answer") == 0
    went_on(await desk.send("findings/Q336", how="explain", words="For the three."))
    assert await count_of(served, "select count(*) from answer") == 3


async def test_an_answer_to_another_rule_meanwhile_is_no_hindrance(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv([a_row(case_ref="K/1", suspect_count=0, victim_count=0)]))
    hidden = await desk.hidden("findings/Q336")
    went_on(await desk.send("findings/Q335", how="confirm"))
    went_on(await desk.send("findings/Q336", hidden, how="confirm"))


async def test_words_on_a_page_are_words_and_never_markup(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(no_suspect(1))
    went_on(await desk.send("findings/Q336", how="explain", words="<script>alert(1)</script>\nand so on"))
    page = await desk.read("findings/Q336")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


async def a_held_return(served: Served, wrong: int = 3) -> Desk:
    """A return with good rows, and some that could not be taken."""
    desk = await a_desk(served)
    await desk.put(as_csv([*rows(2), *(a_row(case_ref=f"K/{n}", suspect_count="two") for n in range(10, 10 + wrong))]))
    return desk


async def test_held_rows_are_shown_with_what_was_sent_and_what_to_write(served: Served) -> None:
    desk = await a_held_return(served, 1)
    words = words_of(await desk.read("held"))
    assert "Suspects: 'two' is not a whole number." in words
    assert "What to do Write 2." in words
    assert "K/10,19D,intrafamilial,2,13,two,16,police,2014-03,identified,2025-10" in words


async def test_setting_rows_aside_needs_to_say_which_and_why(served: Served) -> None:
    desk = await a_held_return(served)
    answered = await desk.send("held", which="some", reason="", words="Kept words.")
    assert problems_of(answered.text) == {"#which": "Tick the rows that you set aside", "#reason": "Say why"}
    assert ">Kept words.</textarea>" in answered.text
    answered = await desk.send("held", which="some", row=["1"], reason="other")
    assert problems_of(answered.text) == {"#words": "Write why"}
    assert 'name="row" value="1" checked' in answered.text
    answered = await desk.send("held", which="some", row=["77"], reason="duplicate")
    assert answered.status_code == 404
    assert await count_of(served, "select count(*) from held_row where set_aside is not null") == 0


async def test_rows_are_set_aside_one_by_one_or_all_at_once_and_once(served: Served) -> None:
    desk = await a_held_return(served)
    went_on(await desk.send("held", which="some", row=["2"], reason="other", words="No case of ours."))
    words = words_of(await desk.read("held"))
    assert "2 rows are to be resolved" in words
    assert "Something else: No case of ours." in words
    hidden = await desk.hidden("held")
    sent = [desk.send("held", hidden, which="all", reason="recorded_in_error") for _ in range(2)]
    for answered in await asyncio.gather(*sent):
        went_on(answered, f"{MONTH}/held?done=aside")
    assert await logged(served, "rows_set_aside") == 1
    assert "Nothing here is left to be resolved. 3 are set aside." in words_of(await desk.read("held"))


async def test_who_sets_all_rows_aside_sets_those_aside_that_they_saw(served: Served) -> None:
    desk = await a_held_return(served)
    hidden = await desk.hidden("held")
    await desk.put(as_csv([a_row(case_ref="K/30", suspect_count="two")]))
    answered = await desk.send("held", hidden, which="all", reason="duplicate", words="As above.")
    assert answered.status_code == 409
    assert ">As above.</textarea>" in answered.text
    assert await count_of(served, "select count(*) from held_row where set_aside is not null") == 0


async def a_snapshot(served: Served) -> Desk:
    """A sealed return of five cases, and the next month's, sent whole with two of them."""
    first = await a_desk(served)
    await first.put(as_csv(rows(5)))
    await first.answer_all()
    await first.seal()
    desk = await a_desk(served, period="2025-12")
    page = await desk.put(as_csv(rows(2)), mode="snapshot")
    assert "Cases missing from the file 3" in words_of(page)
    assert "3 cases of the return are not in the file. Say for each whether to keep or withdraw it" in words_of(page)
    assert "govuk-notification-banner--success" not in page
    return desk


async def test_cases_missing_from_a_file_are_kept_or_withdrawn_with_a_reason(served: Served) -> None:
    desk = await a_snapshot(served)
    page = await desk.read("missing")
    cases = re.findall(r'name="case" value="([0-9a-f-]{36})"', page)
    assert len(cases) == 3
    answered = await desk.send("missing", which="some", answer="withdraw", case=cases[:1], words="Kept words.")
    assert problems_of(answered.text) == {"#reason": "Say why they are no longer reported"}
    assert f'value="{cases[0]}" checked' in answered.text
    assert ">Kept words.</textarea>" in answered.text
    answered = await desk.send("missing", which="some", answer="keep")
    assert problems_of(answered.text) == {"#which": "Tick the cases that your answer is for"}
    answered = await desk.send("missing", which="all", answer="withdraw", reason="other")
    assert problems_of(answered.text) == {"#words": "Write why they are no longer reported"}
    went_on(await desk.send("missing", which="some", answer="keep", case=cases[:1]))
    hidden = await desk.hidden("missing")
    sent = [desk.send("missing", hidden, which="all", answer="withdraw", reason="duplicate") for _ in range(2)]
    for answered in await asyncio.gather(*sent):
        went_on(answered)
    assert await logged(served, "missing_cases_answered") == 2
    words = words_of(await desk.read("missing"))
    assert "Each has its answer" in words
    assert words.count("Withdraw It is the same as another case") == 2
    words = words_of(await desk.read())
    assert "3 cases: 2 changed, 2 withdrawn" in words  # what the file has no column for is not provided now


async def test_a_case_that_no_other_force_took_over_is_not_transferred(served: Served) -> None:
    desk = await a_snapshot(served)
    answered = await desk.send("missing", which="all", answer="withdraw", reason="transferred")
    assert answered.status_code == 422
    assert "Nothing was stored" in problems_of(answered.text)["#reason"]


async def a_ready_return(served: Served) -> Desk:
    """A return in whose way nothing stands."""
    desk = await a_desk(served)
    await desk.put(as_csv(rows(2)))
    await desk.answer_all()
    return desk


SIGNED = {"name": "A. Signer", "role": "Data lead", "declaration": "yes"}


async def test_a_seal_needs_a_name_a_role_and_the_declaration(served: Served) -> None:
    desk = await a_ready_return(served)
    answered = await desk.send("seal", name=" ", role="x" * 201)
    assert problems_of(answered.text) == {
        "#name": "Write your name",
        "#role": "Write 200 characters or fewer",
        "#declaration": "Tick the box if you hold the return to be right",
    }
    assert "x" * 201 in answered.text
    assert await logged(served, "return_sealed") == 0


async def test_one_signs_what_one_saw(served: Served) -> None:
    desk = await a_ready_return(served)
    hidden = await desk.hidden("seal")
    await desk.put(as_csv(rows(3)))
    await desk.answer_all()
    answered = await desk.send("seal", hidden, **{**SIGNED, "name": "A. Name typed"})
    assert answered.status_code == 412
    assert "nothing was signed" in problems_of(answered.text)["#seen"]
    assert 'value="A. Name typed"' in answered.text
    assert "checked" not in answered.text.partition('name="declaration"')[2].partition(">")[0]
    assert "Cases 3 cases" in words_of(answered.text)
    assert await logged(served, "return_sealed") == 0
    assert "Return sealed" in await desk.seal()


async def test_a_double_click_seals_once_and_leads_to_the_receipt(served: Served) -> None:
    desk = await a_ready_return(served)
    hidden = await desk.hidden("seal")
    sent = [desk.send("seal", hidden, **SIGNED) for _ in range(3)]
    places = {went_on(answered) for answered in await asyncio.gather(*sent)}
    assert places == {f"{MONTH}/receipt?revision=1"}
    assert went_on(await desk.send("seal", hidden, **SIGNED)) in places
    assert await logged(served, "return_sealed") == 1


async def test_a_return_that_is_not_ready_says_why_and_offers_no_seal(served: Served) -> None:
    desk = await a_held_return(served, 1)
    page = await desk.read("seal")
    assert "It cannot be sealed yet" in page
    assert "Seal this return" not in page
    answered = await desk.send("seal", {"seen": "nonsense"}, **SIGNED)
    assert answered.status_code == 412
    assert await logged(served, "return_sealed") == 0


async def test_the_receipt_says_who_signed_what_and_can_be_had_as_json(served: Served) -> None:
    desk = await a_ready_return(served)
    page = await desk.seal(name="B. Signer", role="Superintendent")
    words = words_of(page)
    assert "Signed by B. Signer, Superintendent" in words
    assert "Group-based child sexual offending, wide definition 2 0 0 2 to 2" in words
    address = re.findall(r'href="([^"]+)" download="(CR-kent-[^"]+)\.json"', page)
    assert len(address) == 1
    receipt = (await desk.client.get(address[0][0])).json()
    assert receipt["number"] == address[0][1]
    assert receipt["digest"] in page
    assert receipt["audit"]["head"] in page


async def test_withdrawing_needs_a_reason_and_happens_once(served: Served) -> None:
    desk = await a_ready_return(served)
    answered = await desk.send("withdraw", reason="  ")
    assert problems_of(answered.text) == {"#reason": "Say why you withdraw it"}
    hidden = await desk.hidden("withdraw")
    sent = [desk.send("withdraw", hidden, reason="The wrong month.") for _ in range(2)]
    for answered in await asyncio.gather(*sent):
        assert went_on(answered) == MONTH
    assert await logged(served, "return_withdrawn") == 1
    assert "The reason given: The wrong month." in words_of(await desk.read())


async def test_a_return_that_moved_is_not_withdrawn_unseen(served: Served) -> None:
    desk = await a_ready_return(served)
    hidden = await desk.hidden("withdraw")
    await desk.put(as_csv(rows(3)))
    answered = await desk.send("withdraw", hidden, reason="Of no use.")
    assert answered.status_code == 412
    assert ">Of no use.</textarea>" in answered.text
    assert await logged(served, "return_withdrawn") == 0


async def test_correcting_twice_opens_one_correction(served: Served) -> None:
    desk = await a_ready_return(served)
    await desk.seal()
    hidden = await desk.hidden("correct")
    for answered in await asyncio.gather(*(desk.send("correct", hidden) for _ in range(2))):
        assert went_on(answered) == MONTH
    assert await logged(served, "return_opened") == 2
    words = words_of(await desk.read())
    assert "In force Revision 1, sealed on" in words
    assert "In progress Revision 2, opened" in words
