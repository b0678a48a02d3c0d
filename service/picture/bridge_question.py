"""What a bridge is asked for, read from the parameters of a request. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec import Struct

from service.errors import Invalid
from service.picture.question import AsOf, closest, read_as_of, shown

BRIDGE_PARAMETERS: Final = ("from", "to", "from_scope", "to_scope", "by")


class BridgeQuestion(Struct, frozen=True, kw_only=True):
    """Two points; where one is left open it is the last change, under the edition that was in force there."""

    from_: AsOf | None = None
    to: AsOf | None = None
    from_scope: str | None = None
    to_scope: str | None = None
    by_force: bool = False


def bridge_question(parameters: Iterable[tuple[str, str]], now: datetime) -> BridgeQuestion:
    """Read the parameters of a request; ``Invalid`` names what is wrong and what would be right."""
    given: dict[str, str] = {}
    for name, value in parameters:
        if name not in BRIDGE_PARAMETERS:
            raise Invalid(f"There is no parameter {shown(name)} here.", closest(name, BRIDGE_PARAMETERS))
        if name in given:
            raise Invalid(f"The parameter {name} is given more than once.", "Give it once.")
        if not value.strip():
            raise Invalid(f"The parameter {name} is empty.", "Give it a value or leave it out.")
        given[name] = value.strip()
    if given.get("by", "force") != "force":
        raise Invalid(f"A bridge cannot be broken down by {shown(given['by'])}.", "Ask for by=force, or leave it out.")
    moments = {name: read_as_of(given[name], now) for name in ("from", "to") if name in given}
    return BridgeQuestion(
        from_=moments.get("from"),
        to=moments.get("to"),
        from_scope=given.get("from_scope"),
        to_scope=given.get("to_scope"),
        by_force="by" in given,
    )
