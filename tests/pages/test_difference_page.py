"""What one definition changes in another, for everybody who is signed in."""

from __future__ import annotations

from tests.support.browser import Tab, signed_in
from tests.support.desk import words_of
from tests.support.server import Served

PATH = "/scopes/2026-02-referral/difference"


async def test_the_changelog_of_the_standard_leads_to_what_definitions_change(served: Served) -> None:
    kent = await signed_in(served, "kent")
    assert 'href="/scopes/difference"' in (await kent.get("/contracts/2026.1/changes")).text
    assert (await kent.get("/scopes/difference")).headers["location"] == PATH


async def test_the_page_says_rule_by_rule_what_changes(served: Served) -> None:
    nca = await signed_in(served, "nca")
    page = (await nca.get(PATH)).text
    words = words_of(page)
    assert "What 2026-02-referral changes in 2025-11-wide" in words
    assert "More than one victim Changed The lowest value of ‘Victims’ moved from 1 to 2." in words
    assert "Changed what it asks; its title Before A case meets this rule if ‘Victims’ is 1 or more." in words
    assert "A contact offence Added It is rule 2 of 8." in words
    assert 'href="/api/scopes/2026-02-referral/difference?against=2025-11-wide"' in page


async def test_two_editions_can_be_compared_either_way(served: Served) -> None:
    nca = await signed_in(served, "nca")
    words = words_of((await nca.get("/scopes/2025-11-wide/difference?against=2026-02-referral")).text)
    assert "Two or more suspects believed alive today Removed It was rule 4 of 8." in words


async def test_an_edition_compared_with_itself_changes_nothing(served: Served) -> None:
    nca = await signed_in(served, "nca")
    words = words_of((await nca.get(f"{PATH}?against=2026-02-referral")).text)
    assert "The two editions have the same rules in the same order" in words


async def test_an_edition_that_there_is_not_has_no_page(served: Served) -> None:
    nca = await signed_in(served, "nca")
    assert (await nca.get("/scopes/nix/difference")).status_code == 404
    assert (await nca.get(f"{PATH}?against=nix")).status_code == 404


async def test_the_page_can_be_read_on_a_screen_and_on_a_phone(served: Served, tab: Tab, phone: Tab) -> None:
    for each, person in ((tab, "nca"), (phone, "kent")):
        await each.sign_in(person)
        assert await each.open(PATH) == 200
        assert await each.careful() == []
