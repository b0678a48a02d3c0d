"""How each field is written, in words for whoever fills in a sheet: what it takes, what is partly known, what is empty.

Made from the contract's data alone, so that a sheet of another standard says the same of its own fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from service.contract.mending import allowed
from service.contract.model import Contract, Field, Part, Rule, Severity
from service.contract.spreadsheets import habits
from service.contract.values import BLANKS, Empty
from service.contract.words import rules_in_words
from service.criteria.tree import fields_of
from service.criteria.vocabulary import Kind

EMPTY: Final = {
    "not_known": "It is not known.",
    Empty.NOT_PROVIDED.value: "The force does not hold it.",
    Empty.NOT_APPLICABLE.value: "It does not apply to this row.",
}
"""The words for the kinds of empty that are not zero."""

_WEIGHS: Final = {
    Severity.SYNTACTICAL: "holds the row",
    Severity.VALIDITY: "holds the row",
    Severity.QUALITY: "to be confirmed or explained",
    Severity.MACRO: "to be confirmed or explained",
}


def takes(field: Field) -> str:
    """What a field takes: ``A date as 2014-03-07, from 1900-01-01 to 2099-12-31.``"""
    said = allowed(field)
    return f"{said[:1].upper()}{said[1:]}."


def partly_known(field: Field) -> str:
    """How to write what is not known exactly."""
    if field.exact or field.kind is Kind.TEXT:
        return "Only what is exactly known."
    codes = [] if field.list is None else [item.code for item in field.list.codes]
    if field.kind is Kind.CODE:
        return f"One of several, not known which: {'|'.join(codes[:2])}." if len(codes) > 1 else ""
    if field.kind is Kind.CODES:
        return f"All of several: {';'.join(codes[:2])}." if len(codes) > 1 else ""
    if field.kind is Kind.DATE:
        return (
            "A month: 2014-03. A year: 2014. Between two: 2012/2014, or 2012-03/2012-09. "
            "Only until when: ../2014. Only from when: 2012/.."
        )
    return "Between two: 3-5. At least: 2+."


def when_empty(field: Field) -> str:
    """The kinds of empty of a field, and what each is written as."""
    if field.required:
        return "Must be filled in: a row without it is held."
    said = ["Empty or not_known: it is not known.", "not_provided: the force does not hold it."]
    if field.kind in (Kind.NUMBER, Kind.DECIMAL):
        said.insert(0, "0 is the number zero, which is not the same as empty.")
    if field.not_applicable:
        said.append("not_applicable: it does not apply to this row.")
    return " ".join(said)


def words_of_empty(field: Field) -> tuple[str, ...]:
    """The words that may stand in place of a value; where the list has such a code, it is the code that is meant."""
    if field.required:
        return ()
    codes = {} if field.list is None else field.list.by_code
    words = [word for word in EMPTY if word != Empty.NOT_APPLICABLE or field.not_applicable]
    return tuple(word for word in words if word not in codes)


def hint(field: Field) -> str:
    """The little that is shown where a cell of the field is filled in."""
    partly = "" if field.exact or field.kind is Kind.TEXT else partly_known(field)
    example = f"Example: {field.example}" if field.example else ""
    return "\n".join(line for line in (field.meaning, partly, example) if line)


def rules_about(field: Field, part: Part, contract: Contract) -> Sequence[str]:
    """The rules with a condition that speak of a field, each as a sentence with what it means for the row."""
    words = rules_in_words(contract)
    return [
        f"{rule.id} ({_WEIGHS[rule.severity]}): {words[rule.id]}"
        for rule in contract.rules_of(part.name)
        if field.name in _names(rule)
    ]


class Habit(NamedTuple):
    """One thing that spreadsheets and people do to values, in words."""

    title: str
    why: str
    cells: str
    """Examples as they look, one a line."""
    done: str


def habits_about(part: Part) -> Iterator[Habit]:
    """What is done to values in the fields of a part, and what is made of it."""
    for entry in habits().about(part):
        first = entry.examples[0]
        done = f"Read. {entry.taken}" if entry.taken else f"Refused. {seen(first.cell)}: {first.write}"
        cells = dict.fromkeys(seen(example.cell) for example in entry.examples)
        yield Habit(entry.title, entry.why, "\n".join(cells), done)


def seen(cell: str) -> str:
    """A cell with a sign for each blank that nobody would see; of one that shows nothing, that."""
    if not cell:
        return "(nothing)"
    inner = cell.strip(BLANKS)
    before, _, after = cell.partition(inner) if inner else (cell, "", "")
    return "␣" * len(before) + inner + "␣" * len(after)


def _names(rule: Rule) -> tuple[str, ...]:
    return (*rule.fields, *(() if rule.criterion is None else fields_of(rule.criterion)))
