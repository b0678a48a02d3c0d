"""For a cell that could not be taken: what is wrong with it, and what to write instead. Words only; nothing is guessed.

A suggestion is made only where it follows from the text alone (``007`` can only be ``7``); where a text can mean two
things (``07/03/2014``), both are named, and the person who knows decides.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import month_name, monthrange
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, NamedTuple

from service.contract.model import CodeList, Field
from service.contract.personal import personal_in
from service.contract.values import BLANKS, Check, cell_reader
from service.criteria.vocabulary import Kind

_FEW: Final = 12
"""So many codes are listed in full; of a longer list the closest is named."""

_COUNTED: Final = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty
"""
_WORDS: Final = tuple(_COUNTED.split())
_NAMES: Final = tuple(month_name)[1:]
_MONTHS: Final = tuple(name[:3].lower() for name in _NAMES)
_UNKNOWN: Final = frozenset(
    {"unknown", "n/k", "nk", "n.k.", "not recorded", "not stated", "none recorded", "n/a", "na", "nil", "null"}
    | {"none", "?", "-", "--", "tbc", "tbd", "missing", "blank"}
)
_YES_NO: Final = {"true": "yes", "y": "yes", "1": "yes", "false": "no", "n": "no", "0": "no"}
_FORMULA_ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
    | {"#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#ERROR", "#NOT CALCULATED"}
)
_LEAVE_EMPTY: Final = "Leave the cell empty, or write not_known."
_NONE_OF: Final = frozenset({"none", "nil"})
_NOT_APPLICABLE: Final = frozenset({"n/a", "na"})
_FIRST_SERIAL: Final = date(1899, 12, 30)


class Mend(NamedTuple):
    """Sentences, or ``""``: ``says`` what is wrong where more can be said than the rule says; ``write`` what to write;
    ``allowed`` what the rule's words call ``{allowed}``, where it is not simply what the field takes."""

    says: str = ""
    write: str = ""
    allowed: str = ""


def mend(field: Field, check: Check, text: str) -> Mend:
    """What to tell of a text that failed a reading check as a value of a field."""
    if text in _FORMULA_ERRORS:
        says = f"'{text}' is what a formula shows that has no value."
        return Mend(says, "Mend the formula, or write the value in its place.", "it is no value")
    words = _MENDERS.get(check)
    return words(field, text.strip(BLANKS)) if words is not None else Mend()


def allowed(field: Field) -> str:
    """What a field takes, in words."""
    if field.list is not None:
        codes = [code.code for code in field.list.codes]
        if len(codes) > _FEW:
            return f"one of the {len(codes)} codes of the list {field.list.name}"
        return f"one of {', '.join(codes)}"
    if field.kind is Kind.DATE:
        forms = "2014-03-07" if field.exact else "2014-03-07, 2014-03, 2014 or 2012/2014"
        return f"a date as {forms}{_limits(field)}"
    if field.kind is Kind.TEXT:
        return f"a text of at most {field.length} characters, as {field.example}" if field.example else "a text"
    what = "a whole number" if field.kind is Kind.NUMBER else "a number with at most two decimals"
    return f"{what}{_limits(field)}{'' if field.exact else ', or a range as 3-5 or 2+'}"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like the one given, or None where none comes near."""
    return _closest(_folded(word[:80]), tuple(known))


@lru_cache(maxsize=1000)
def _closest(word: str, known: tuple[str, ...]) -> str | None:
    """The same slip stands in many rows, and to compare it with every known word is slow."""
    folded = {_folded(name): name for name in known}
    near = get_close_matches(word, folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def _folded(word: str) -> str:
    return re.sub(r"[\s_-]+", "_", word.strip().lower())


def _nothing(field: Field, text: str) -> str:
    """What to write for a word that says nothing, where it may say one of two things, both."""
    if field.required:
        return f"Every row needs it: write {allowed(field)}."
    if text in _NONE_OF and field.kind in (Kind.NUMBER, Kind.DECIMAL):
        return "Write 0 if there are none; leave the cell empty, or write not_known, if nobody knows."
    if text in _NOT_APPLICABLE and field.not_applicable:
        return "Write not_applicable if there can be none; leave the cell empty, or write not_known, if nobody knows."
    return _LEAVE_EMPTY


def _limits(field: Field) -> str:
    if field.least is not None and field.greatest is not None:
        return f" from {field.least} to {field.greatest}"
    return f", at least {field.least}" if field.least is not None else ""


def _readable(field: Field, text: str) -> str | None:
    """``text`` if the field takes it: no suggestion may fail in its turn."""
    return text if cell_reader(field)(text).failed is None else None


def _first_readable(field: Field, candidates: Iterable[str]) -> Mend:
    found = next((text for text in candidates if text and _readable(field, text)), None)
    return Mend(write=f"Write {found}.") if found else Mend()


def _number(field: Field, text: str) -> Mend:
    text = text[:60]
    if text.lower() in _UNKNOWN:
        return Mend(write=_nothing(field, text.lower()))
    plain = "".join(str(unicodedata.digit(mark)) if mark.isdigit() else mark for mark in text)
    plain = plain.replace("–", "-").replace("—", "-").replace("\u00a0", " ").lower()
    return _first_readable(field, (*_counts(plain), *_ranges(plain), *_from_dates(plain)))


def _counts(text: str) -> Iterable[str]:
    """One number in another dress: ``two``, ``007``, ``1e3``, ``3.0``, ``1,000``, ``+3``, Arabic digits."""
    if text in _WORDS:
        yield str(_WORDS.index(text))
    grouped = re.fullmatch(r"\+?(\d{1,3}(?:[, ]\d{3})+)(?:\.0*)?", text)
    written = re.sub("[, ]", "", grouped[1]) if grouped else text.removeprefix("+")
    if re.fullmatch(r"-?\d+(?:\.\d*)?(?:e\+?\d{1,2})?", written):
        try:
            number = Decimal(written)
        except InvalidOperation:
            return
        yield f"{number.normalize():f}"


def _ranges(text: str) -> Iterable[str]:
    """``5-3``, ``3 - 5``, ``3 to 5``, ``>5``, ``5 or more``, ``<5``, ``up to 5``: as a range."""
    numbers = [int(number) for number in re.findall(r"\d{1,9}", text)]
    if len(numbers) == 2 and re.fullmatch(r"\d+\s*(?:-|to|/|or)\s*\d+", text):
        yield f"{min(numbers)}-{max(numbers)}"
    if len(numbers) != 1:
        return
    if re.fullmatch(r"(?:>=|≥|at least|min)\s*\d+|\d+\s*(?:\+|or more|plus|and over)", text):
        yield f"{numbers[0]}+"
    if re.fullmatch(r"(?:>|over|more than)\s*\d+", text):
        yield f"{numbers[0] + 1}+"
    if re.fullmatch(r"(?:<=|≤|up to|at most|max)\s*\d+|\d+\s*or (?:less|fewer)", text):
        yield f"0-{numbers[0]}"
    if re.fullmatch(r"(?:<|under|less than|fewer than)\s*\d+", text) and numbers[0] > 0:
        yield f"0-{numbers[0] - 1}"


def _from_dates(text: str) -> Iterable[str]:
    """``05-Mar`` or ``2026-03-05`` is what a spreadsheet makes of ``3-5`` or ``5-3``: the two numbers, in order."""
    day = re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", text)
    if day:
        pair = sorted((int(day[1]), int(day[2])))
        yield f"{pair[0]}-{pair[1]}"
    found = re.fullmatch(r"(\d{1,2})[- ]([a-z]{3})[a-z]*", text)
    if found and found[2] in _MONTHS:
        pair = sorted((int(found[1]), _MONTHS.index(found[2]) + 1))
        yield f"{pair[0]}-{pair[1]}"


def _date(field: Field, text: str) -> Mend:
    text = text[:60]
    if text.lower() in _UNKNOWN:
        return Mend(write=_nothing(field, text.lower()))
    if re.fullmatch(r"[1-9]\d{4}(?:\.\d+)?", text):
        return _serial(field, text)
    found = re.fullmatch(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})(?:[ T].*)?", text)
    if found:
        return _day_and_month(field, text, int(found[1]), int(found[2]), int(found[3]))
    found = re.fullmatch(r"(\d{4})([-/. ]?)(\d{1,2})\2(\d{1,2})(?:[ T].*)?", text)
    if found:
        return _in_order(field, text, int(found[1]), int(found[3]), int(found[4]))
    found = re.fullmatch(r"(\d{1,2})[-/ .]([A-Za-z]{3})[a-z]*[-/ .,]+(\d{4})", text)
    if found and found[2].lower() in _MONTHS:
        return _in_order(field, text, int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]))
    found = re.fullmatch(r"([A-Za-z]{3})[a-z]*[-/ .,]+(\d{4})", text)
    if found and found[1].lower() in _MONTHS:
        return _first_readable(field, [f"{found[2]}-{_MONTHS.index(found[1].lower()) + 1:02}"])
    found = re.fullmatch(r"(\d{1,2})/(\d{4})|(\d{4})[/ ](\d{1,2})|(\d{4})-(\d)", text)
    if found:
        year, month = found[2] or found[3] or found[5], int(found[1] or found[4] or found[6])
        return _first_readable(field, [f"{year}-{month:02}"])
    if re.fullmatch(r"\d{1,2}[/. -](?:\d{1,2}|[A-Za-z]{3,})[/. -]\d{2}|[A-Za-z]{3,}[- ]\d{2}", text):
        return Mend(write="Write the year with four digits, as 2014-03-07.")
    first, slash, last = text.partition("/")
    if slash and cell_reader(field)(f"{last}/{first}").failed is None:
        return Mend(write=f"Write {last}/{first}.")
    return Mend()


def _serial(field: Field, text: str) -> Mend:
    day = _FIRST_SERIAL + timedelta(days=int(text[:5]))
    if not _readable(field, day.isoformat()):
        return Mend()
    return Mend(
        says=f"'{text}' is a spreadsheet's number for a day, not a date.",
        write=f"Format the column as YYYY-MM-DD. In most spreadsheets {text[:5]} is {day.isoformat()}.",
    )


def _day_and_month(field: Field, text: str, first: int, second: int, year: int) -> Mend:
    """Day before month, as written here, or month before day: where both are possible, both are named."""
    readings = [_day(year, second, first), _day(year, first, second)]
    days = [day for day in dict.fromkeys(readings) if day is not None and _readable(field, day.isoformat())]
    if len(days) == 2:
        named = [f"{day.isoformat()} for {day.day} {_NAMES[day.month - 1]}" for day in days]
        return Mend(says=f"'{text}' can be two days.", write=f"Write {named[0]}, or {named[1]}.")
    if days:
        return Mend(write=f"Write {days[0].isoformat()}.")
    return _no_such_day(text, year, second, first)


def _in_order(field: Field, text: str, year: int, month: int, day: int) -> Mend:
    found = _day(year, month, day)
    if found is None:
        return _no_such_day(text, year, month, day)
    return _first_readable(field, [found.isoformat()])


def _no_such_day(text: str, year: int, month: int, day: int) -> Mend:
    if not 1 <= month <= 12 or not 1000 <= year <= 9998 or not day:
        return Mend(f"'{text}' is no date.", "Write year, month and day in this order, as 2014-03-07.")
    says = f"'{text}' is no date: {_NAMES[month - 1]} {year} has {monthrange(year, month)[1]} days."
    return Mend(says, f"Write the right day, or {year}-{month:02} where no more is known.")


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _code(field: Field, text: str) -> Mend:
    if field.list is None:
        return Mend()
    text = text[:200]
    if text.lower() in _UNKNOWN:
        return Mend(write=_nothing(field, text.lower()))
    known = cell_reader(field)
    several, all_of = text.replace(";", "|"), re.sub(r"\s*[,|/]\s*", ";", text)
    if field.kind is Kind.CODE and ";" in text and known(several).failed is not Check.CODE:
        return Mend(write=f"Write the main one; or {several}, if it is one of these and not known which.")
    if field.kind is Kind.CODES and known(all_of).failed is None:
        return Mend(write=f"Write {all_of}.")
    wrong = next((piece for piece in re.split("[|;]", text) if known(piece).failed is Check.CODE), text).strip(BLANKS)
    found = _meant(field.list, wrong)
    if found is not None and text != wrong:
        return Mend(write=f"Write {found} instead of '{wrong}', if that is meant.")
    return Mend(write=f"Write {found}, if that is meant." if found is not None else f"Write {allowed(field)}.")


def _meant(listed: CodeList, wrong: str) -> str | None:
    """The code that a word comes closest to: another way to say yes or no, a title, zeros in front, a slip."""
    titles = {code.title.lower(): code.code for code in listed.codes}
    candidates = (_YES_NO.get(wrong.lower()), titles.get(wrong.lower()), wrong.lstrip("0"))
    certain = next((code for code in candidates if code in listed.by_code), None)
    return certain or closest(wrong, listed.by_code) or titles.get(closest(wrong, titles) or "")


def _personal(_: Field, text: str) -> Mend:
    return Mend(allowed=personal_in(text.replace("\u00a0", " ")) or "something about a person")


def _of_text(field: Field, text: str) -> Mend:
    if len(text) > field.length:
        return Mend(allowed=f"it is longer than {field.length} characters")
    if text.isprintable():  # nothing is wrong with its characters: a workbook says that they are not what was typed
        says = f"'{text[:60]}' is what a spreadsheet made of it: a date, or a number of another form."
        return Mend(says, "Format the column as Text, and write it again.")
    return Mend(allowed="it has characters that cannot be printed")


_MENDERS: Final[dict[Check, Callable[[Field, str], Mend]]] = {
    Check.NUMBER: _number,
    Check.DECIMAL: _number,
    Check.DATE: _date,
    Check.CODE: _code,
    Check.PERSONAL: _personal,
    Check.TEXT: _of_text,
}
