"""What a bridge is asked for, read from the parameters of a request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from msgspec import Struct

from service.errors import Invalid
from service.picture.question import AsOf, closest, read_as_of, shown

_POINTS: Final = ("from", "to")
BRIDGE_PARAMETERS: Final = (*_POINTS, "from_scope", "to_scope", "by")


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
    moments = {name: _read(name, given[name], now) for name in _POINTS if name in given}
    return BridgeQuestion(
        from_=moments.get("from"),
        to=moments.get("to"),
        from_scope=given.get("from_scope"),
        to_scope=given.get("to_scope"),
        by_force="by" in given,
    )


def _read(name: str, value: str, now: datetime) -> AsOf:
    with said_of_point(name):
        return read_as_of(value, now)


@contextmanager
def said_of_point(name: str) -> Iterator[None]:
    """A point is read as the moment and the edition of a picture are: what is wrong with either is said of the
    parameters of that point, ``from`` or ``to``."""
    try:
        yield
    except Invalid as error:
        says, do = (
            words.replace("as_of", name).replace("with scope,", f"with {name}_scope,")
            for words in (error.says, error.do)
        )
        raise Invalid(says, do, code=error.code) from None
