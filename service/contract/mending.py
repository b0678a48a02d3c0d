"""For a cell that could not be taken: what is wrong with it, and what to write instead. Words only; nothing is guessed.

What spreadsheets and people do to values, and what is said of each, is data: ``contracts/spreadsheets.yaml``. A
suggestion is made only where it follows from the text alone (``007`` can only be ``7``); where a text can mean two
things (``07/03/2014``), both are named, and the person who knows decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, NamedTuple

from service.contract.model import CodeList, Field
from service.contract.personal import personal_in
from service.contract.readings import READINGS
from service.contract.spreadsheets import PLACEHOLDER, Entry, habits
from service.contract.values import BLANKS, Check, cell_reader
from service.criteria.vocabulary import Kind

_OF_NUL: Final = "\u2400"
"""Stands in a finding for a character that no database can keep, and no sheet shows."""
_FEW: Final = 12
"""So many codes are listed in full; of a longer list the closest is named."""

_BY_TABLE: Final = frozenset({Check.NUMBER, Check.DECIMAL, Check.DATE, Check.CODE, Check.TEXT, Check.PATTERN})
"""Checks of which the table may know why they fail; of the others it knows formulas."""
_ANY_CHECK: Final = "formula_without_value"


class Mend(NamedTuple):
    """Sentences, or ``""``: ``says`` what is wrong where more can be said than the rule says; ``write`` what to write;
    ``allowed`` what the rule's words call ``{allowed}``, where it is not simply what the field takes."""

    says: str = ""
    write: str = ""
    allowed: str = ""


def mend(field: Field, check: Check, text: str) -> Mend:
    """What to tell of a text that failed a reading check as a value of a field."""
    text = text.strip(BLANKS)
    fits = _fitting(field, text)
    if fits is not None and (check in _BY_TABLE or fits[0].name == _ANY_CHECK):
        entry, said = fits
        return Mend(_filled(entry.says, said), _filled(entry.write, said))
    words = _MENDERS.get(check)
    return words(field, text) if words is not None else Mend()


def _fitting(field: Field, text: str) -> tuple[Entry, Mapping[str, str]] | None:
    """The first entry of the table that fits, with the words for its sentences."""
    table = habits()
    folded = table.folded(text)
    for entry in table.refused_in[field.kind]:
        if not entry.is_about(field):
            continue
        for found in entry.found(folded):
            if "seen" in found:
                found = {**found, "meant": _meant_by(field, found["seen"])}
            said = READINGS[entry.by].read(field, {**found, "text": text, "folded": folded}) if entry.by else {}
            if said is not None:
                return entry, {"cell": text[:60], "allowed": allowed(field), **said}
    return None


def _meant_by(field: Field, seen: str) -> str:
    """The text that a field takes for what a cell shows: that itself, or what the table makes of it."""
    if seen and cell_reader(field)(seen).failed is None:
        return seen
    fits = _fitting(field, seen) if seen else None
    return fits[1].get("value", "") if fits is not None else ""


def _filled(words: str, said: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: said[found[1]], words)


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


def _limits(field: Field) -> str:
    if field.least is not None and field.greatest is not None:
        return f" from {field.least} to {field.greatest}"
    return f", at least {field.least}" if field.least is not None else ""


def _code(field: Field, text: str) -> Mend:
    if field.list is None:
        return Mend()
    text = text[:200]
    known = cell_reader(field)
    several, all_of = text.replace(";", "|"), re.sub(r"\s*[,|/]\s*", ";", text)
    if field.kind is Kind.CODE and ";" in text and known(several).failed is not Check.CODE:
        return Mend(write=f"Write the main one; or {several}, if it is one of these and not known which.")
    if field.kind is Kind.CODES and known(all_of).failed is None:
        return Mend(write=f"Write {all_of}.")
    wrong = next((piece for piece in re.split("[|;]", text) if known(piece).failed is Check.CODE), text).strip(BLANKS)
    found = _meant(field, field.list, wrong)
    if found is not None and text != wrong:
        return Mend(write=f"Write {found} instead of '{wrong}', if that is meant.")
    return Mend(write=f"Write {found}, if that is meant." if found is not None else f"Write {allowed(field)}.")


def _meant(field: Field, listed: CodeList, wrong: str) -> str | None:
    """The code that a word comes closest to: what the table makes of it, a title, a slip."""
    fits = _fitting(field, wrong)
    if fits is not None and "value" in fits[1]:
        return fits[1]["value"]
    titles = {code.title.lower(): code.code for code in listed.codes}
    near = closest(wrong, listed.by_code) or titles.get(closest(wrong, titles) or "")
    return titles.get(wrong.lower()) or near


def _personal(_: Field, text: str) -> Mend:
    return Mend(allowed=personal_in(text.replace("\u00a0", " ")) or "something about a person")


def _of_text(field: Field, text: str) -> Mend:
    if len(text) > field.length:
        return Mend(allowed=f"it is longer than {field.length} characters")
    # where nothing is wrong with its characters, a workbook says that they are not what was typed
    if text.isprintable() and _OF_NUL not in text:
        says = f"'{text[:60]}' is what a spreadsheet made of it: a date, another number, or its own true or false."
        return Mend(says, "Format the column as Text, and write it again.")
    return Mend(allowed="it has characters that cannot be printed")


_MENDERS: Final[dict[Check, Callable[[Field, str], Mend]]] = {
    Check.CODE: _code,
    Check.PERSONAL: _personal,
    Check.TEXT: _of_text,
}
