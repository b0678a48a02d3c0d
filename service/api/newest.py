"""The period of what is read from each force's newest sealed return, or from those of one month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from service.api.asking import AnyRequest, ParameterRefused, parameters
from service.api.documented import Query
from service.errors import Invalid
from service.terms.calendar import parse_period

PERIOD: Final = Query(
    name="period",
    description="A month; otherwise each force's newest sealed return.",
    example="2025-11",
    pattern="^[0-9]{4}-(0[1-9]|1[0-2])$",
)


def period_asked(request: AnyRequest) -> date | None:
    """The first day of the month that is asked for, if any."""
    return period_in(parameters(request, "period"))


def period_in(asked: Mapping[str, str]) -> date | None:
    """The same, where other parameters stand beside it."""
    text = asked.get("period")
    if text is None:
        return None
    try:
        return parse_period(text).first_day
    except Invalid as error:
        raise ParameterRefused("period", error.says, error.do) from None
