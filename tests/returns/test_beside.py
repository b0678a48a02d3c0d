"""Rules that look at a case beside others: what it was in the sealed return before, and how many are just like it."""

from __future__ import annotations

from itertools import product

import pytest

from service.returns.context import Context
from service.returns.model import Open
from service.returns.withdrawals import delete_case
from tests.support.returns import LEAD, a_case_of_2026, both_versions, explained, opened, sealed, sent
from tests.support.stock import answers_to, findings_of, ids_of, told

NEW = "2026.1"
BACK, UNCHARGED, FEWER, TWIN = "Q560", "Q561", "Q562", "Q563"
STAGES = ("identified", "in_assessment", "assessed", "referred", "panel_review", "reinvestigation", "concluded")


async def based_on(context: Context, force: str, rows: list[dict[str, str]], version: str = NEW) -> Open:
    """The open return of February on top of a sealed one with these rows."""
    before = await opened(context, force, "2026-01", contract_version=version)
    await sent(context, before, rows)
    await explained(context, before)
    await sealed(context, before)
    return await opened(context, force, "2026-02", contract_version=NEW)


async def test_a_case_that_goes_back_a_stage_is_found_for_every_pair_of_stages(context: Context, force: str) -> None:
    context = both_versions(context)
    pairs = {f"K/{n}": pair for n, pair in enumerate(product(STAGES, STAGES))}
    item = await based_on(context, force, [a_case_of_2026(key, stage=old) for key, (old, _) in pairs.items()])

    await sent(context, item, [{"case_ref": key, "stage": new} for key, (_, new) in pairs.items()])

    back = sorted(key for key, (old, new) in pairs.items() if STAGES.index(new) < STAGES.index(old))
    assert len(back) == 21
    assert sorted(key for _, key in await told(context, item, BACK)) == back


async def test_the_finding_names_both_stages_and_goes_when_the_case_goes_on_again(context: Context, force: str) -> None:
    context = both_versions(context)
    item = await based_on(context, force, [a_case_of_2026("K/1", stage="referred")])

    await sent(context, item, [{"case_ref": "K/1", "stage": "identified"}])
    (found,) = await findings_of(context, item, BACK)
    assert found.document["says"] == (
        "The case was at stage referred in the return before, and is at stage identified now."
    )

    await sent(context, item, [{"case_ref": "K/1", "stage": "in_assessment"}])
    assert await told(context, item, BACK) == [(BACK, "K/1")]  # beside what was sealed, not beside the draft

    await sent(context, item, [{"case_ref": "K/1", "stage": "panel_review"}])
    assert await told(context, item, BACK) == []


async def test_a_new_case_and_a_first_return_have_no_stage_before(context: Context, force: str) -> None:
    context = both_versions(context)
    item = await opened(context, force, "2026-01", contract_version=NEW)
    await sent(context, item, [a_case_of_2026("K/1")])
    assert await told(context, item, BACK) == []


async def test_what_was_sealed_in_the_older_version_is_read_in_the_newer(context: Context, force: str) -> None:
    context = both_versions(context)
    row = a_case_of_2026("K/1", stage="assessed")
    row["youngest_victim_age"] = row.pop("victim_age_youngest")
    item = await based_on(context, force, [row], version="2025.1")

    await sent(context, item, [{"case_ref": "K/1", "stage": "identified"}])

    assert await told(context, item, BACK) == [(BACK, "K/1")]


async def test_charges_that_go_are_found(context: Context, force: str) -> None:
    context = both_versions(context)
    charged = {"stage": "concluded", "result": "charged", "suspects_charged": "2"}
    item = await based_on(context, force, [a_case_of_2026(f"K/{n}", **charged) for n in range(3)])

    await sent(
        context, item, [{"case_ref": "K/0", "result": "out_of_court"}, {"case_ref": "K/1", "suspects_charged": "1"}]
    )

    assert await told(context, item, UNCHARGED) == [(UNCHARGED, "K/0")]
    assert await told(context, item, FEWER) == [(FEWER, "K/1")]


EXACT = {"reported_date": "2013-09-02", "nfa_date": "2014-03-07"}


async def test_cases_that_agree_in_everything_are_found_with_the_number_of_the_others(
    context: Context, force: str
) -> None:
    item = await opened(both_versions(context), force, contract_version=NEW)

    await sent(
        context,
        item,
        [
            *(a_case_of_2026(f"K/{n}", **EXACT) for n in range(3)),
            *(a_case_of_2026(f"L/{n}", **EXACT, victim_count="2", victims_not_recorded="2") for n in range(2)),
            a_case_of_2026("M/1", **{**EXACT, "nfa_date": "2014-03-08"}),
        ],
    )

    found = {str(one.document["case_ref"]): one.document["value"] for one in await findings_of(context, item, TWIN)}
    assert found == {"K/0": "2", "K/1": "2", "K/2": "2", "L/0": "1", "L/1": "1"}


@pytest.mark.parametrize(
    ("field", "value"), [("nfa_date", "2014-03"), ("suspect_count", "3+"), ("outcome", "15|16"), ("reported_date", "")]
)
async def test_what_is_not_exactly_known_makes_no_case_like_another(
    context: Context, force: str, field: str, value: str
) -> None:
    item = await opened(both_versions(context), force, contract_version=NEW)
    await sent(context, item, [a_case_of_2026(f"K/{n}", **{**EXACT, field: value}) for n in range(2)])
    assert await told(context, item, TWIN) == []


async def test_a_case_like_one_that_was_sealed_is_found_and_goes_when_that_one_is_withdrawn(
    context: Context, force: str
) -> None:
    context = both_versions(context)
    item = await based_on(context, force, [a_case_of_2026("K/1", **EXACT), a_case_of_2026("K/2")])

    await sent(context, item, [a_case_of_2026("NEW/1", **EXACT)])
    assert await told(context, item, TWIN) == [(TWIN, "NEW/1")]

    await delete_case(context, LEAD, item, (await ids_of(context, item))["K/1"], "duplicate", None, None)
    assert await told(context, item, TWIN) == []


async def test_both_of_two_are_found_in_whatever_order_they_come(context: Context, force: str) -> None:
    item = await opened(both_versions(context), force, contract_version=NEW)
    await sent(context, item, [a_case_of_2026("K/1", **EXACT)])
    await sent(context, item, [a_case_of_2026("K/2", **EXACT)])
    assert sorted(await told(context, item, TWIN)) == [(TWIN, "K/1"), (TWIN, "K/2")]

    await sent(context, item, [{"case_ref": "K/2", "nfa_date": "2014-03-09"}])
    assert await told(context, item, TWIN) == []


async def test_an_answer_holds_as_long_as_both_values_stay(context: Context, force: str) -> None:
    context = both_versions(context)
    item = await based_on(context, force, [a_case_of_2026("K/1", stage="referred")])
    await sent(context, item, [{"case_ref": "K/1", "stage": "identified"}])
    await explained(context, item, BACK)

    await sent(context, item, [{"case_ref": "K/1", "priority": "high"}])
    assert await answers_to(context, item, BACK) == {"K/1": "Checked against the file."}

    await sent(context, item, [{"case_ref": "K/1", "stage": "in_assessment"}])
    assert await answers_to(context, item, BACK) == {"K/1": None}
