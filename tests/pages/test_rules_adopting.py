"""Rule notices are adopted on the page of rules: proposed by one body, confirmed or rejected by the other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import KeySet
from playwright.async_api import Browser
from sqlalchemy import text

from service.identity.people import Person
from service.identity.principal import Permission, Principal
from service.storage.database import Database
from tests.support.browser import a_tab, signed_in
from tests.support.desk import a_desk, hidden_in, problems_of, went_on, words_of
from tests.support.rows import a_row, as_csv
from tests.support.server import Served, a_served, good, problem

PROPOSE = "/rules/propose"
ID = "2026-01-q335"


def of_nca(name: str, *permissions: Permission) -> Person:
    """Somebody at the NCA with these rights alone."""
    principal = Principal(
        client_id=f"demonstration:nca-{name}", name=name, force=None, body="nca", permissions=frozenset(permissions)
    )
    return Person(id=f"nca-{name}", role=name, of="National Crime Agency", principal=principal)


@pytest_asyncio.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The service, where the NCA has a reader who adopts nothing, and a second who does, besides its coordinator."""
    also = (
        of_nca("reader", Permission.NATIONAL_READ),
        of_nca("second", Permission.TERMS_PROPOSE, Permission.TERMS_CONFIRM),
    )
    async with a_served(database, tmp_path, pages=True, also=also) as running:
        yield running


def typed(**said: Any) -> dict[str, Any]:
    """The form of a notice that switches a rule off from the first of February 2026 on, filled in."""
    usual = {
        "do": "propose",
        "rule": "Q335",
        "contracts": ["2025.1", "2026.1"],
        "severity": "off",
        "start-day": "1",
        "start-month": "2",
        "start-year": "2026",
        "until-day": "",
        "until-month": "",
        "until-year": "",
        "why": "Cases without a victim are within the terms.",
        "id": ID,
    }
    return usual | {name.replace("_", "-"): value for name, value in said.items()}


async def notices(served: Served) -> list[dict[str, Any]]:
    """All that there are, as everybody reads them."""
    found: list[dict[str, Any]] = good(await (await served.bare()).get("/api/rule-notices"))["items"]
    return found


async def proposed(served: Served, **said: Any) -> httpx.AsyncClient:
    """The NCA's coordinator, who has just proposed a notice."""
    nca = await signed_in(served, "nca")
    went_on(await nca.post(PROPOSE, data=typed(**said)), f"/rules?done={said.get('id', ID)}")
    return nca


async def logged(served: Served) -> list[dict[str, Any]]:
    """What is in the audit log about notices."""
    async with served.db.owner() as tx:
        rows = await tx.execute(text("select entry from audit_entry where action like 'rule_notice%' order by index"))
        return [msgspec.json.decode(entry) for entry in rows.scalars()]


async def test_the_page_says_what_a_notice_would_mean_before_it_is_proposed(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv([a_row(case_ref="K/1", victim_count=0)]))
    went_on(await desk.dispute("findings", "The victim is the public.", reference="K/1"))
    nca = await signed_in(served, "nca")
    assert 'action="/rules/propose"' in (await nca.get("/rules")).text
    form = await nca.get(PROPOSE, params={"rule": "Q335"})
    assert f'value="{ID}"' in form.text
    assert "is wrong: 1 time in 2025.1 (1 force)." in words_of(form.text)
    checked = await nca.post(PROPOSE, data=typed(do="check"))
    assert checked.status_code == 200
    words = words_of(checked.text)
    means = "From 1 February 2026 on, in returns in 2025.1 and 2026.1, rule Q335 (No victim is counted) is not asked"
    assert means in words
    assert "It comes into force only when the NPCC confirms it." in words
    assert "is wrong: 1 time in 2025.1 (1 force)." in words
    assert await notices(served) == []
    kept = hidden_in(checked.text) | {"contracts": ["2025.1", "2026.1"]}
    changed = await nca.post(PROPOSE, data={**kept, "do": "change"})
    assert f">{typed()['why']}</textarea>" in changed.text
    went_on(await nca.post(PROPOSE, data={**kept, "do": "propose"}), f"/rules?done={ID}")
    (made,) = await notices(served)
    assert (made["state"], made["issued_by"], made["contracts"]) == ("proposed", "nca", ["2025.1", "2026.1"])
    assert (made["from"], made["until"], made["why"]) == ("2026-02-01", None, typed()["why"])
    told = words_of((await nca.get(f"/rules?done={ID}")).text)
    assert f"Notice {ID} is proposed. It comes into force when the NPCC confirms it." in told


async def test_the_other_body_confirms_and_the_notice_is_signed_and_logged_as_by_the_api(served: Served) -> None:
    await proposed(served)
    npcc = await signed_in(served, "npcc")
    page = words_of((await npcc.get("/rules")).text)
    assert "rule Q335 (No victim is counted) is not asked: it finds nothing" in page
    went_on(await npcc.post(f"/rules/{ID}/confirm", data={}), f"/rules?done={ID}")
    (made,) = await notices(served)
    assert (made["state"], made["confirmed"]["body"]) == ("in_force", "npcc")
    keys = KeySet.import_key_set(good(await (await served.bare()).get("/oauth/jwks")))
    token = jwt.decode(made["signature"], keys, algorithms=["ES256"])
    assert (token.header["typ"], token.claims["id"]) == ("rule-notice+jwt", ID)
    entries = await logged(served)
    assert [(entry["action"], entry["actor"], entry["details"]["body"]) for entry in entries] == [
        ("rule_notice_proposed", "demonstration:nca", "nca"),
        ("rule_notice_confirmed", "demonstration:npcc", "npcc"),
    ]
    shown = await npcc.get(f"/rules?done={ID}")
    assert "is confirmed, and holds from its first day on" in words_of(shown.text)
    assert f"/rules/{ID}/" not in shown.text


async def test_the_other_body_rejects_with_a_reason(served: Served) -> None:
    await proposed(served)
    npcc = await signed_in(served, "npcc")
    for reason, says in ((" ", "Write why it is not adopted"), ("so. " * 501, "2,000 characters or fewer")):
        refused = await npcc.post(f"/rules/{ID}/reject", data={"reason": reason})
        assert refused.status_code == 422
        assert says in problems_of(refused.text)[f"#reason-{ID}"]
        assert f'id="reason-{ID}-error"' in refused.text
        assert f">{reason.strip()}</textarea>" in refused.text
    went_on(await npcc.post(f"/rules/{ID}/reject", data={"reason": "<b>The rule</b> is right."}), f"/rules?done={ID}")
    (made,) = await notices(served)
    assert (made["state"], made["reason"]) == ("rejected", "<b>The rule</b> is right.")
    assert "<b>The rule" not in (await npcc.get("/rules")).text


@pytest.mark.parametrize("who", ["nca", "nca-second"])
async def test_nobody_confirms_a_proposal_of_the_own_body_but_may_take_it_back(served: Served, who: str) -> None:
    await proposed(served)
    own = await signed_in(served, who)
    page = await own.get("/rules")
    assert f"/rules/{ID}/confirm" not in page.text
    refused = await own.post(f"/rules/{ID}/confirm", data={})
    assert refused.status_code == 409
    assert problems_of(refused.text)[f"#{ID}"].startswith("NCA proposed this notice, so the other body confirms it.")
    assert refused.text.count("NCA proposed this notice") == 2
    assert (await notices(served))[0]["state"] == "proposed"
    assert "Take it back" in words_of(page.text)
    went_on(await own.post(f"/rules/{ID}/reject", data={"reason": "Too early."}))
    assert (await notices(served))[0]["rejected"]["body"] == "nca"


async def test_two_presses_in_the_same_instant_have_one_effect_and_the_second_says_what_is_so(served: Served) -> None:
    nca, npcc = await signed_in(served, "nca"), await signed_in(served, "npcc")
    presses: tuple[tuple[httpx.AsyncClient, str, dict[str, Any], str, str], ...] = (
        (nca, PROPOSE, typed(), "#id", "The NCA proposed"),
        (npcc, f"/rules/{ID}/confirm", {}, f"#{ID}", "The NPCC confirmed"),
    )
    for client, address, form, field, says in presses:
        both = await asyncio.gather(*(client.post(address, data=form) for _ in range(2)))
        first, second = sorted(both, key=lambda each: each.status_code)
        assert (first.status_code, second.status_code) == (303, 409)
        assert problems_of(second.text)[field].startswith(f"{says} notice {ID} already, on 20 January 2026 at 12:00.")
    assert [entry["action"] for entry in await logged(served)] == ["rule_notice_proposed", "rule_notice_confirmed"]
    assert (await npcc.post("/rules/2026-01-none/confirm", data={})).status_code == 404


@pytest.mark.parametrize("word", ["confirm", "reject"])
async def test_a_second_tab_is_told_what_is_so_already_by_whom_and_when_in_the_words_of_the_api(
    served: Served, word: str
) -> None:
    nca, npcc, reason = await proposed(served), await signed_in(served, "npcc"), {"reason": "The rule is right."}
    programs = {
        "nca": await served.client(None, "terms:propose", body="nca"),
        "npcc": await served.client(None, "terms:confirm", body="npcc"),
    }
    form = typed()
    body = {name: form[name] for name in ("id", "contracts", "rule", "severity", "why")} | {"from": "2026-02-01"}

    async def same(says: str, *words: str) -> None:
        """Whatever is pressed is answered so, and nothing comes of it."""
        before = await logged(served), await notices(served)
        for each in words:
            refused = await npcc.post(f"/rules/{ID}/{each}", data={"reason": "For another reason."})
            sent = {"reason": "For another."} if each == "reject" else {}
            told = problem(await programs["npcc"].post(f"/api/rule-notices/{ID}/{each}", json=sent), 409)
            assert refused.status_code == 409
            assert told["detail"] == says
            assert problems_of(refused.text)[f"#{ID}"] == f"{told['detail']} {told['do']}"
            assert "govuk-notification-banner--success" not in refused.text
        refused = await nca.post(PROPOSE, data=form)
        told = problem(await programs["nca"].post("/api/rule-notices", json=body), 409, "notice-exists")
        assert refused.status_code == 409
        assert told["detail"] == says
        assert problems_of(refused.text)["#id"] == f"{told['detail']} {told['do']}"
        assert (await logged(served), await notices(served)) == before

    at = f"notice {ID} already, on 20 January 2026 at 12:00."
    await same(f"The NCA proposed {at}")
    went_on(await npcc.post(f"/rules/{ID}/{word}", data=reason), f"/rules?done={ID}")
    await same(f"The NPCC {'confirmed' if word == 'confirm' else 'rejected'} {at}", "confirm", "reject")


@pytest.mark.parametrize("reason", ["", "so. " * 501])
async def test_a_reason_that_cannot_be_for_what_is_decided_already_is_told_that_it_is(
    served: Served, reason: str
) -> None:
    """The form that a problem of the reason would lead to is not there any more."""
    await proposed(served)
    npcc = await signed_in(served, "npcc")
    went_on(await npcc.post(f"/rules/{ID}/confirm", data={}))
    refused = await npcc.post(f"/rules/{ID}/reject", data={"reason": reason})
    assert refused.status_code == 409
    assert list(problems_of(refused.text)) == [f"#{ID}"]
    assert problems_of(refused.text)[f"#{ID}"].startswith(f"The NPCC confirmed notice {ID} already")


async def test_what_was_done_is_told_to_whoever_did_it_alone(served: Served) -> None:
    """An address that is opened again, or by somebody else, is no word on a notice."""
    nca, npcc = await proposed(served), await signed_in(served, "npcc")
    done = "govuk-notification-banner--success"
    assert done in (await nca.get(f"/rules?done={ID}")).text
    assert done not in (await npcc.get(f"/rules?done={ID}")).text
    went_on(await npcc.post(f"/rules/{ID}/confirm", data={}))
    assert done in (await npcc.get(f"/rules?done={ID}")).text
    assert done not in (await nca.get(f"/rules?done={ID}")).text


@pytest.mark.parametrize(
    ("said", "place", "says"),
    [
        ({"contracts": []}, "#contracts", "It is for no contract version."),
        ({"contracts": ["2024.1"]}, "#contracts", "There is no such contract version."),
        ({"contracts": ["2025.1", "2025.1"]}, "#contracts", "This contract version stands twice."),
        ({"severity": ""}, "#severity", "Say how the rule is to be treated"),
        ({"severity": "syntactical"}, "#severity", "Say how the rule is to be treated"),
        ({"severity": "macro"}, "#severity", "Rule Q335 cannot have this severity. It is off, quality or validity."),
        ({"start_day": ""}, "#start-day", "Write day, month and year in numbers"),
        ({"start_day": "", "start_month": "", "start_year": ""}, "#start-day", "Write the first day"),
        ({"start_day": "30"}, "#start-day", "There is no such day"),
        ({"start_year": "26"}, "#start-day", "Write day, month and year in numbers"),
        ({"until_day": "1", "until_month": "1", "until_year": "2026"}, "#until-day", "It would end before it begins."),
        (
            {"start_month": "1", "until_day": "19", "until_month": "1", "until_year": "2026"},
            "#until-day",
            "Its last day has passed already.",
        ),
        ({"until_day": "x", "until_month": "1", "until_year": "2026"}, "#until-day", "Write day, month and year"),
        ({"why": " "}, "#why", "A notice says why."),
        ({"why": "so. " * 501}, "#why", "Write 2,000 characters or fewer"),
        ({"id": "q335"}, "#id", "This is not a notice's id."),
    ],
)
async def test_a_notice_that_cannot_be_comes_back_typed_with_the_error_at_its_field(
    served: Served, said: dict[str, Any], place: str, says: str
) -> None:
    nca = await signed_in(served, "nca")
    for do in ("check", "propose"):
        form = typed(do=do, **said)
        refused = await nca.post(PROPOSE, data=form)
        assert refused.status_code == 422
        ((where, told),) = problems_of(refused.text).items()
        assert (where, told.startswith(says)) == (place, True), told
        assert f'id="{place[1:].removesuffix("-day")}-error"' in refused.text
        assert f">{form['why'].strip()}</textarea>" in refused.text
        for name in ("id", "start-day", "until-month"):
            (field,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', refused.text)
            assert f'value="{form[name]}"' in field or not form[name]
    assert await notices(served) == []


async def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_fields(served: Served) -> None:
    nca = await signed_in(served, "nca")
    refused = await nca.post(PROPOSE, data={"rule": "Q335", "do": "check"})
    assert list(problems_of(refused.text)) == ["#contracts", "#severity", "#start-day", "#why", "#id"]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("Q33x", "There is no rule Q33x. Did you mean"),
        ("q335", "There is no rule q335. Did you mean 'Q335'?"),
        ("", "Write the rule"),
        ("S101", "it always holds"),
    ],
)
async def test_a_rule_that_cannot_be_noticed_is_refused_at_its_field(served: Served, rule: str, says: str) -> None:
    nca = await signed_in(served, "nca")
    for answered in (await nca.get(PROPOSE, params={"rule": rule}), await nca.post(PROPOSE, data=typed(rule=rule))):
        assert answered.status_code == 422
        assert says in problems_of(answered.text)["#rule"]
        assert re.findall(r'<input[^>]*name="rule"[^>]*value="([^"]*)"', answered.text) == [rule]
    assert await notices(served) == []


async def test_only_what_the_rule_allows_can_be_chosen(served: Served) -> None:
    nca = await signed_in(served, "nca")
    for rule, offered in (("Q335", {"off", "validity", "quality"}), ("M401", {"off", "macro"})):
        page = (await nca.get(PROPOSE, params={"rule": rule})).text
        assert {each for each in ("off", "validity", "quality", "macro") if f'value="{each}"' in page} == offered


async def test_an_id_is_taken_once_and_the_next_is_suggested(served: Served) -> None:
    nca = await proposed(served)
    assert f'value="{ID}-2"' in (await nca.get(PROPOSE, params={"rule": "Q335"})).text
    for do in ("check", "propose"):
        refused = await nca.post(PROPOSE, data=typed(do=do, severity="validity"))
        assert refused.status_code == 409
        says = f"The NCA proposed notice {ID} already, on 20 January 2026 at 12:00, and yours says something else."
        assert problems_of(refused.text)["#id"].startswith(says)
    npcc = await signed_in(served, "npcc")
    for do in ("check", "propose"):
        again = problems_of((await npcc.post(PROPOSE, data=typed(do=do))).text)["#id"]
        assert again.endswith("at 12:00. It comes into force when the NPCC confirms it.")
    assert len(await notices(served)) == 1


async def test_what_it_would_mean_names_the_notice_whose_place_it_takes(served: Served) -> None:
    await proposed(served)
    npcc = await signed_in(served, "npcc")
    went_on(await npcc.post(f"/rules/{ID}/confirm", data={}))
    checked = await npcc.post(PROPOSE, data=typed(do="check", severity="quality", start_month="3", id=f"{ID}-2"))
    words = words_of(checked.text)
    assert "before the return is sealed. That is as it was published." in words
    assert f"From then on it takes the place of notice {ID}." in words
    assert "only when the NCA confirms it" in words
    said = {"severity": "validity", "start_month": "1", "until_day": "20", "until_month": "3", "until_year": "2026"}
    words = words_of((await npcc.post(PROPOSE, data=typed(do="check", id=f"{ID}-3", **said))).text)
    assert "From 1 January 2026 to 20 March 2026" in words
    assert f"On 1 February 2026 notice {ID} takes its place." in words
    assert "Its first day is not to come, so it holds from the moment at which it is confirmed." in words


@pytest.mark.parametrize("who", ["kent", "nca-reader"])
async def test_who_may_not_adopt_sees_no_form_and_is_refused(served: Served, who: str) -> None:
    await proposed(served)
    client = await signed_in(served, who)
    page = (await client.get("/rules")).text
    assert "<form" not in page.partition("<main")[2]
    assert f'id="{ID}"' in page
    assert (await client.get(PROPOSE, params={"rule": "Q335"})).status_code == 403
    for address, form in (
        (PROPOSE, typed(id="2026-01-other")),
        (f"/rules/{ID}/confirm", {}),
        (f"/rules/{ID}/reject", {"reason": "No."}),
    ):
        assert (await client.post(address, data=form)).status_code == 403
    assert [each["state"] for each in await notices(served)] == ["proposed"]


async def test_a_form_from_another_site_adopts_nothing(served: Served) -> None:
    nca = await proposed(served)
    npcc = await signed_in(served, "npcc")
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (await nca.post(PROPOSE, data=typed(id="2026-01-other"), headers=foreign)).status_code == 403
    for word in ("confirm", "reject"):
        answered = await npcc.post(f"/rules/{ID}/{word}", data={"reason": "No."}, headers=foreign)
        assert answered.status_code == 403
    assert [each["state"] for each in await notices(served)] == ["proposed"]


@pytest.mark.parametrize(("phone", "scripts"), [(False, True), (True, True), (False, False)])
async def test_two_bodies_adopt_a_notice_on_a_desk_on_a_phone_and_without_script(
    served: Served, browser: Browser, *, phone: bool, scripts: bool
) -> None:
    how = {"phone": phone, "scripts": scripts}
    async with (
        a_tab(browser, served.addresses.origin, **how) as nca,
        a_tab(browser, served.addresses.origin, **how) as npcc,
    ):
        await nca.sign_in("nca")
        await npcc.sign_in("npcc")
        await nca.open("/rules")
        assert await nca.careful() == []
        await nca.press("Go on")
        await nca.page.get_by_label("Rule", exact=True).fill("Q335")
        await nca.press("Go on")
        await nca.press("See what it would mean")
        assert await nca.page.get_by_role("alert").get_by_role("link").count() == 3
        await nca.page.get_by_label("Not asked").check()
        for part, value in (("Day", "1"), ("Month", "2"), ("Year", "2026")):
            await nca.page.get_by_role("group", name="From").get_by_label(part).fill(value)
        await nca.page.get_by_label("Why").fill("It fires where nothing is wrong.\nTwo lines.")
        await nca.press("See what it would mean")
        assert await nca.heading() == "What the notice would mean"
        await nca.press("Change it")
        await nca.press("See what it would mean")
        await nca.press("Propose this notice")
        assert "is proposed" in await nca.page.locator("main").inner_text()
        await npcc.open("/rules")
        assert await npcc.careful() == []
        await npcc.page.locator("main summary").click()
        await npcc.press("Reject")
        assert await npcc.page.get_by_role("alert").get_by_text("Write why it is not adopted").count() == 1
        await npcc.press("Confirm")
        assert "is confirmed" in await npcc.page.locator("main").inner_text()
    (made,) = await notices(served)
    assert (made["state"], made["why"]) == ("in_force", "It fires where nothing is wrong.\nTwo lines.")
