"""How values are written across all cases of a return: everything the same, or days and numbers that people prefer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service.returns.context import Context
from service.returns.model import AnyReturn
from tests.support.returns import a_case_of_2026, again, both_versions, explained, opened, sealed, sent
from tests.support.stock import findings_of

NEW = "2026.1"
ENOUGH = 120

_OFFENCES = ("19D", "19E", "71")
_SETTINGS = ("organised", "gang", "intrafamilial")
_OUTCOMES = ("16", "15", "14")


def varied(number: int, **fields: str) -> dict[str, str]:
    """A case that differs from the next in everything that is looked at, but for what the test says."""
    various = {
        "offence_code": _OFFENCES[number % 3],
        "setting": _SETTINGS[number % 3],
        "outcome": _OUTCOMES[number % 3],
        "suspect_count": str(2 + number % 3),
        "suspects_not_recorded": str(2 + number % 3),
        "victim_count": str(1 + number % 3),
        "victims_not_recorded": str(1 + number % 3),
        "victim_age_youngest": str(11 + number % 4),
        "offence_from": f"2011-{1 + number % 12:02}-{2 + number % 27:02}",
        "reported_date": f"2013-{1 + number % 12:02}-{2 + number % 27:02}",
        "nfa_date": f"2014-{1 + number % 12:02}-{2 + number % 27:02}",
        "contact_offence": "yes",
    }
    return a_case_of_2026(f"K/{number}", **(various | fields))


async def measures_of(context: Context, item: AnyReturn) -> dict[str, Any]:
    return dict((await again(context, item)).summary["measures"])


async def found_in(context: Context, item: AnyReturn) -> set[str]:
    found = await findings_of(context, item)
    return {str(one.document["rule"]) for one in found if str(one.document["rule"]) >= "M5"} & _RULES


_RULES = {*(f"M50{n}" for n in range(1, 9)), *(f"M51{n}" for n in range(5))}

Make = Callable[[int], dict[str, str]]


async def of(context: Context, force: str, make: Make, count: int = ENOUGH) -> AnyReturn:
    """An open first return of so many cases."""
    item = await opened(both_versions(context), force, contract_version=NEW)
    await sent(context, item, [make(number) for number in range(count)])
    return item


async def test_a_return_whose_cases_differ_has_no_such_finding(context: Context, force: str) -> None:
    item = await of(context, force, varied)

    measures = await measures_of(context, item)
    assert await found_in(context, item) == set()
    assert {name: value for name, value in measures.items() if name.startswith("same_")} == {
        f"same_{what}": [0, 0]
        for what in ("offence", "setting", "outcome", "suspects", "victims", "age", "report", "closing")
    }
    assert measures["reports_on_first"] == [0, 0]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("offence_code", "19D", "M501"),
        ("setting", "gang", "M502"),
        ("outcome", "16", "M503"),
        ("victim_age_youngest", "14-15", "M506"),
        ("nfa_date", "2014-03-07", "M508"),
    ],
)
async def test_a_value_that_every_case_has_is_found_with_their_exact_number(
    context: Context, force: str, field: str, value: str, rule: str
) -> None:
    item = await of(context, force, lambda n: varied(n, **{field: value if n != 5 else ""}), ENOUGH + 1)

    (found,) = await findings_of(context, item, rule)
    assert await found_in(context, item) == {rule}
    assert found.document["value"] == str(ENOUGH)
    assert found.document["says"].startswith(f"All {ENOUGH} cases")


async def test_one_case_that_says_another_value_is_enough_for_no_finding(context: Context, force: str) -> None:
    item = await of(context, force, lambda n: varied(n, setting="gang" if n else "other"))
    assert await found_in(context, item) == set()


async def test_a_small_return_is_not_asked(context: Context, force: str) -> None:
    item = await of(context, force, lambda n: varied(n, setting="gang", reported_date="2013-01-01"), ENOUGH - 1)

    measures = await measures_of(context, item)
    assert await found_in(context, item) == set()
    assert measures["same_setting"] is None
    assert measures["reports_on_first"] is None


async def test_days_on_the_first_are_counted_among_exact_days_only(context: Context, force: str) -> None:
    """Of 120 exact days 18 are the first of a month: 15 in a hundred. What is known to the month is no exact day."""

    def make(number: int) -> dict[str, str]:
        day = "2013-05-01" if number < 18 else "2013-05" if number >= ENOUGH else f"2013-05-{2 + number % 27:02}"
        return varied(number, reported_date=day)

    item = await of(context, force, make, ENOUGH + 40)

    (found,) = await findings_of(context, item, "M510")
    assert found.document["value"] == "15"
    assert await found_in(context, item) == {"M510"}


async def test_fewer_days_on_the_first_are_as_they_may_be(context: Context, force: str) -> None:
    item = await of(
        context, force, lambda n: varied(n, reported_date="2013-05-01" if n < 17 else f"2013-05-{2 + n % 27:02}")
    )

    assert (await measures_of(context, item))["reports_on_first"] == [14, 14]
    assert await found_in(context, item) == set()


async def test_numbers_that_people_prefer_are_found(context: Context, force: str) -> None:
    item = await of(
        context,
        force,
        lambda n: varied(
            n, offence_from="2011-01-01", victim_age_youngest="15" if n % 5 < 3 else "12", offence_code="71"
        ),
    )

    measures = await measures_of(context, item)
    assert measures["ages_in_fives"] == [60, 60]
    assert measures["offences_on_new_year"] == [100, 100]
    assert await found_in(context, item) == {"M501", "M512", "M513"}


async def test_what_a_later_return_changes_is_counted_over_all_its_cases(context: Context, force: str) -> None:
    context = both_versions(context)
    first = await opened(context, force, "2026-01", contract_version=NEW)
    await sent(context, first, [varied(n, setting="gang" if n else "other") for n in range(ENOUGH + 1)])
    await explained(context, first)
    await sealed(context, first)
    item = await opened(context, force, "2026-02", contract_version=NEW)

    await sent(context, item, [{"case_ref": "K/0", "setting": "gang"}])

    assert (await measures_of(context, item))["same_setting"] == [ENOUGH + 1, ENOUGH + 1]
    assert await found_in(context, item) == {"M502"}
