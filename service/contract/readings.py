"""What can be worked out of a text that could not be taken: what ``contracts/spreadsheets.yaml`` cannot say as data.

Each reading is named by an entry of the table (``by``). It is given what the entry found in the text, and gives the
words that the entry's sentences have places for; or None, where nothing comes of it that the field takes.
"""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from service.contract.model import Field
from service.contract.values import cell_reader

Found = Mapping[str, str]
"""What an entry found: the named groups of its pattern, or ``word``; and always ``text`` and, as it was looked at,
``folded``; where there is a group ``seen``, also ``meant``, the text that the field takes for it, or ``""``."""
Said = Mapping[str, str] | None
Reading = Callable[[Field, Found], Said]

_NAMES: Final = tuple(month_name)[1:]
_MONTHS: Final = tuple(name[:3].lower() for name in _NAMES)
_FIRST_SERIAL: Final = date(1899, 12, 30)


def is_taken(field: Field, text: str) -> bool:
    """Whether a field takes a text: no suggestion may fail in its turn."""
    return cell_reader(field)(text).failed is None


def _first(field: Field, found: Found, candidates: Iterable[str]) -> Said:
    """The first that the field takes; not the text itself, which is refused for what cannot be seen in it."""
    value = next((text for text in candidates if text and text != found["text"] and is_taken(field, text)), None)
    return None if value is None else {"value": value}


def _word(field: Field, found: Found) -> Said:
    return _first(field, found, [found["word"]])


def _number(field: Field, found: Found) -> Said:
    try:
        number = Decimal(re.sub("[, ]", "", found["number"]))
    except InvalidOperation:
        return None
    return _first(field, found, [f"{number.normalize():f}"])


def _between(field: Field, found: Found) -> Said:
    low, high = sorted((int(found["one"]), int(found["other"])))
    return _first(field, found, [f"{low}-{high}"])


def _open_range(field: Field, found: Found) -> Said:
    """``least`` and ``most`` are in the range, ``below`` and ``above`` just outside of it."""
    if "least" in found or "below" in found:
        return _first(field, found, [f"{int(found.get('least') or int(found['below']) + 1)}+"])
    most = int(found["most"]) if "most" in found else int(found["above"]) - 1
    return _first(field, found, [f"0-{most}"] if most >= 0 else [])


def _range_of_day(field: Field, found: Found) -> Said:
    """Day and month in their order as numbers; of a month with a year, the last two digits of the year."""
    month = _month_in(found)
    if not month:
        return None
    low, high = sorted((int(found["day"]), month))
    return _first(field, found, [f"{low}-{high}"])


def _month_in(found: Found) -> int:
    """The month by its number or its name; 0 where there is none."""
    name = found.get("name", "").lower()
    return int(found.get("month", 0)) if not name else _MONTHS.index(name) + 1 if name in _MONTHS else 0


def _serial_day(field: Field, found: Found) -> Said:
    day = (_FIRST_SERIAL + timedelta(days=int(found["number"]))).isoformat()
    return {"number": found["number"], "value": day} if is_taken(field, day) else None


def _orders(found: Found) -> list[tuple[int, int, int]]:
    """Year, month and day, in each order in which they may stand: day before month first, as it is written here."""
    year = int(found["year"])
    if "one" in found:
        one, other = int(found["one"]), int(found["other"])
        return [(year, other, one), (year, one, other)]
    return [(year, _month_in(found), int(found["day"]))]


def _days(field: Field, found: Found) -> list[date]:
    days: dict[date, None] = {}
    for year, month, day in _orders(found):
        try:
            one = date(year, month, day)
        except ValueError:
            continue
        if is_taken(field, one.isoformat()):
            days[one] = None
    return list(days)


def _two_days(field: Field, found: Found) -> Said:
    days = _days(field, found)
    if len(days) != 2:
        return None
    first, second = days
    return {
        "first": first.isoformat(),
        "first_words": f"{first.day} {_NAMES[first.month - 1]}",
        "second": second.isoformat(),
        "second_words": f"{second.day} {_NAMES[second.month - 1]}",
    }


def _one_day(field: Field, found: Found) -> Said:
    # a workbook's day, of which only the weekday or the hour is shown, is refused and written like any other
    return _first(field, {"text": ""}, [day.isoformat() for day in _days(field, found)])


def _no_such_day(_: Field, found: Found) -> Said:
    year, month, day = _orders(found)[0]
    if not 1 <= month <= 12 or not 1000 <= year <= 9998 or day <= monthrange(year, month)[1]:
        return None
    count = str(monthrange(year, month)[1])
    return {"month": _NAMES[month - 1], "year": str(year), "count": count, "value": f"{year}-{month:02}"}


def _no_day(_: Field, found: Found) -> Said:
    year, month, day = _orders(found)[0]
    return {} if not 1 <= month <= 12 or not 1000 <= year <= 9998 or not day else None


def _month(field: Field, found: Found) -> Said:
    return _first(field, found, [f"{found['year']}-{_month_in(found):02}"])


def _turned_span(field: Field, found: Found) -> Said:
    return _first(field, found, [f"{found['other']}/{found['one']}"])


def _code(field: Field, found: Found) -> Said:
    codes = {} if field.list is None else field.list.by_code
    return {"value": found["code"]} if found["code"] in codes else None


def _pair(field: Field, found: Found) -> Said:
    return _code(field, {"code": found["word"]})


def _alike(field: Field, found: Found) -> Said:
    return _first(field, found, [found["folded"]])


def _blank(field: Field, found: Found) -> Said:
    text = found["text"]
    place = next((place for place, mark in enumerate(text) if mark.isspace()), None)
    if place is None:
        return None
    spaced = "".join(" " if mark.isspace() else mark for mark in text)
    said = _first(field, found, [spaced, spaced.replace(" ", "")])
    name = {" ": "a blank", "\u00a0": "a non-breaking space"}.get(text[place], "a sign that is seen as a blank")
    return None if said is None else {**said, "blank": name, "place": str(place + 1)}


def _month_alone(_: Field, found: Found) -> Said:
    month = f"{found['year']}-{found['month']}"
    return {"value": month, "day": f"{month}-{found['day']}"}


def _shown(_: Field, found: Found) -> Said:
    seen = found.get("seen", "")
    return {"seen": f"'{seen}'" if seen else "nothing", "kept": found["kept"]}


def _nought(field: Field, found: Found) -> Said:
    return None if field.required or not is_taken(field, "0") else _shown(field, found)


def _shown_and_kept(field: Field, found: Found) -> Said:
    """Both can be taken, and say different things."""
    meant, kept = found["meant"], found["kept"]
    differ = meant != kept and bool(meant) and is_taken(field, kept)
    return {**(_shown(field, found) or {}), "value": meant} if differ else None


def _shown_or_kept(field: Field, found: Found) -> Said:
    """One of the two alone can be taken."""
    value = next((text for text in (found["meant"], found["kept"]) if text and is_taken(field, text)), None)
    return {**(_shown(field, found) or {}), "value": value} if value is not None else None


class Worked(NamedTuple):
    """A reading, and the words that it gives."""

    read: Reading
    gives: frozenset[str] = frozenset({"value"})


_SHOWN: Final = frozenset({"seen", "kept"})
READINGS: Final[Mapping[str, Worked]] = {
    "place_of_word": Worked(_word),
    "number": Worked(_number),
    "between": Worked(_between),
    "open_range": Worked(_open_range),
    "range_of_day": Worked(_range_of_day),
    "serial_day": Worked(_serial_day, frozenset({"number", "value"})),
    "two_days": Worked(_two_days, frozenset({"first", "first_words", "second", "second_words"})),
    "one_day": Worked(_one_day),
    "no_such_day": Worked(_no_such_day, frozenset({"month", "year", "count", "value"})),
    "no_day": Worked(_no_day, frozenset()),
    "month": Worked(_month),
    "turned_span": Worked(_turned_span),
    "code": Worked(_code),
    "pair": Worked(_pair),
    "alike": Worked(_alike),
    "blank": Worked(_blank, frozenset({"value", "blank", "place"})),
    "month_alone": Worked(_month_alone, frozenset({"value", "day"})),
    "nought": Worked(_nought, _SHOWN),
    "shown_and_kept": Worked(_shown_and_kept, _SHOWN | {"value"}),
    "shown_or_kept": Worked(_shown_or_kept, _SHOWN | {"value"}),
    "shown": Worked(_shown, _SHOWN),
}
