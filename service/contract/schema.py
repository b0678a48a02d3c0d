"""The rows of a contract's part as JSON Schema (2020-12): types, codes, patterns and bounds, from the contract's data.

Sent rows and shown rows differ: what is sent may say *not known* by leaving a key out, by null, by an empty text or in
words; what is shown has every field. A schema cannot say everything that reading finds in a value, and it does not have
every way of writing that is read: where it is wider and where it is narrower, each schema says itself (``$comment``).
What the rules ask across fields is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from service.contract.model import Contract, Field, Part, PartName, Role
from service.criteria.vocabulary import OPEN_NUMBER, Kind

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_WHOLE: Final = r"(?:0|-?[1-9][0-9]*)"
_DECIMAL: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]{1,2})?"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_OF_MONTH: Final = r"(?:0[1-9]|[12][0-9]|3[01])"
_DAY: Final = rf"[1-9][0-9]{{3}}(?:-{_MONTH}(?:-{_OF_MONTH})?)?"
_FULL_DAY: Final = rf"[1-9][0-9]{{3}}-{_MONTH}-{_OF_MONTH}"
_LONGEST: Final = 40
_LEAST_NUMBER: Final = -2_147_483_648
_MOST_DECIMAL: Final = 99_999_999
_NOT_PROVIDED: Final = "not_provided"
_NOT_APPLICABLE: Final = "not_applicable"


def sent_row(contract: Contract, part: Part) -> Schema:
    """A row as a force may send it. Keys that are no field are told in a finding, so they are not forbidden here."""
    key = part.by_role.get(Role.KEY)
    required = [field.name for field in part.fields if field is key or (field.required and key is None)]
    return {
        "type": "object",
        "title": f"{part.title}: {part.row_is}, contract {contract.version}",
        "description": "What is not sent is not known. Ranges, sets and dates are strings, an exact number a number.",
        "$comment": _differs(part),
        "properties": {field.name: _described(field, _sent(field)) for field in part.fields},
        **({"required": required} if required else {}),
    }


class Differs(NamedTuple):
    """Fields of which the schema says other than reading does: what it refuses that is read, what it lets pass that is
    not."""

    kinds: tuple[Kind, ...]
    title: str
    narrower: str
    wider: str


DIFFERS: Final = (
    Differs(
        (Kind.TEXT,),
        "Texts",
        "",
        "a text that looks like something about a person, or has characters that cannot be printed; a whole number of "
        "more digits than the longest text has characters",
    ),
    Differs(
        (Kind.CODE, Kind.CODES),
        "Codes",
        "a code in other capitals; blanks other than spaces beside the sign between codes",
        "a number with a point, as 16.0",
    ),
    Differs(
        (Kind.NUMBER,),
        "Whole numbers",
        "",
        "in a string, a number or a range that is not within the bounds (as 1000+ where the most is 999), and a range "
        "of which the end is below the beginning; a number with a point, as 3.0",
    ),
    Differs(
        (Kind.DECIMAL,),
        "Decimal numbers",
        "",
        "in a string, a number or a range that is not within the bounds, and a range of which the end is below the "
        "beginning; a number with more than two digits behind the point, as 2.500, or with an exponent",
    ),
    Differs(
        (Kind.DATE,),
        "Dates",
        "",
        "in a string, a day that its month does not have (2014-02-30), a date that is not within the bounds, and a "
        "span of which the end is before the beginning; a year with a point, as 2014.0",
    ),
)
_EVERY: Final = (
    "Every field. Read, though this schema refuses it: blanks around a value (spaces beside several codes pass), and "
    "not_known, not_provided and not_applicable in other capitals, or with blanks or hyphens."
)


def _differs(part: Part) -> str:
    """Where reading takes more than the schema of a part, and where less; nowhere else do the two differ by a value."""
    said = [_EVERY]
    for one in DIFFERS:
        names = [field.name for field in part.fields if field.kind in one.kinds]
        narrower = f" Read, though this schema refuses it: {one.narrower}." if one.narrower else ""
        if names:
            said.append(f"{one.title} ({', '.join(names)}).{narrower} Held, though it passes: {one.wider}.")
    return " ".join(said)


def shown_row(contract: Contract, part: Part, first: Mapping[str, Schema] | None = None) -> Schema:
    """A row as the service shows it: every field, null where it is not known. ``first`` are members before those."""
    properties = {**(first or {}), **{field.name: _described(field, _shown(field)) for field in part.fields}}
    return {
        "type": "object",
        "title": f"{part.title} as shown: {part.row_is}, contract {contract.version}",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def example_row(part: Part) -> dict[str, Any]:
    """A row of the examples that the contract gives for its fields; together they need not pass its rules."""
    return {field.name: _number_or_text(field) for field in part.fields if field.example}


def part_of(contract: Contract, name: PartName) -> Part:
    """A part of a contract."""
    return contract.parts[name]


def _described(field: Field, schema: Schema) -> Schema:
    shown = {"title": field.label, "description": field.meaning, **schema}
    if field.example:
        shown["examples"] = [_number_or_text(field)]
    return shown


def _sent(field: Field) -> Schema:
    """Any of: a value as JSON has it, a text that says one, and what says why there is none."""
    options = _VALUES[field.kind](field)
    words = [] if field.required else ["", "not_known", _NOT_PROVIDED]
    if field.not_applicable:
        words.append(_NOT_APPLICABLE)
    if words:
        options.append({"enum": words})
    if not field.required:
        options.append({"type": "null"})
    return options[0] if len(options) == 1 else {"anyOf": options}


def _shown(field: Field) -> Schema:
    text = {"type": "string"}
    options = [{"type": "integer"}, text] if field.kind is Kind.NUMBER else [text]
    return {"type": [*(option["type"] for option in options), "null"]}


def _text(field: Field) -> list[Schema]:
    written: Schema = {"type": "string", "minLength": 1, "maxLength": field.length}
    if field.pattern is not None:
        written["pattern"] = f"^(?:{field.pattern})$"
    digits = {"type": "integer", "minimum": 0, "description": "Its digits are taken as the text."}
    return [written, digits]


def _code(field: Field) -> list[Schema]:
    codes = [] if field.list is None else [item.code for item in field.list.codes]
    options: list[Schema] = [{"enum": [*codes, *_as_numbers(codes)]}]
    if not field.exact:
        options.append(_several(codes, "|", "One of these, it is not known which."))
    return options


def _codes(field: Field) -> list[Schema]:
    codes = [] if field.list is None else [item.code for item in field.list.codes]
    listed = {"type": "array", "items": {"enum": codes}, "description": "All of these."}
    return [{"enum": [*codes, *_as_numbers(codes)]}, _several(codes, ";", "All of these."), listed]


def _several(codes: list[str], separator: str, description: str) -> Schema:
    one = " *(?:" + "|".join(code.replace(".", "[.]") for code in codes) + ") *"  # a code has no other sign of patterns
    pattern = f"^{one}(?:[{separator}]{one})+$"
    return (
        {"type": "string", "pattern": pattern, "description": f"{description} Codes of the list above."}
        if codes
        else {}
    )


def _as_numbers(codes: list[str]) -> list[int]:
    """Codes that a JSON number can say, too."""
    return [int(code) for code in codes if code.isdigit() and str(int(code)) == code]


def _number(field: Field) -> list[Schema]:
    least = field.least if isinstance(field.least, int) else _LEAST_NUMBER
    greatest = field.greatest if isinstance(field.greatest, int) else OPEN_NUMBER - 1
    return [
        {"type": "integer", "minimum": least, "maximum": greatest},
        _written(_signed(_WHOLE, least), exact=field.exact, words=f"{least} to {greatest}"),
    ]


def _decimal(field: Field) -> list[Schema]:
    least = field.least if isinstance(field.least, int) else -_MOST_DECIMAL
    greatest = field.greatest if isinstance(field.greatest, int) else _MOST_DECIMAL
    return [
        {"type": "number", "minimum": least, "maximum": greatest, "multipleOf": 0.01},
        _written(_signed(_DECIMAL, least), exact=field.exact, words=f"{least} to {greatest}, at most two decimals"),
    ]


def _signed(number: str, least: int) -> str:
    """The pattern of a number, without a sign where none below zero is taken."""
    return number if least < 0 else number.replace("-?", "")


def _written(number: str, *, exact: bool, words: str) -> Schema:
    """A number as text: alone, or as a range (``3-5``, ``2+``)."""
    pattern = f"^{number}$" if exact else rf"^{number}(?:\+|-{number})?$"
    return {"type": "string", "pattern": pattern, "maxLength": _LONGEST, "description": f"{words}."}


def _date(field: Field) -> list[Schema]:
    if field.exact:
        return [{"type": "string", "pattern": f"^{_FULL_DAY}$", "description": "2014-03-07."}]
    pattern = rf"^(?:{_DAY}|(?:{_DAY}|\.\.)/{_DAY}|{_DAY}/\.\.)$"
    least = field.least.year if isinstance(field.least, date) else 1000
    greatest = field.greatest.year if isinstance(field.greatest, date) else 9998
    return [
        {
            "type": "string",
            "pattern": pattern,
            "description": f"2014-03-07, 2014-03, 2014, 2012/2014, ../2014 or 2012/..; {least} to {greatest}.",
        },
        {"type": "integer", "minimum": least, "maximum": greatest, "description": "A year."},
    ]


def _number_or_text(field: Field) -> int | str:
    whole = field.kind is Kind.NUMBER and field.example.isdigit()
    return int(field.example) if whole else field.example


_VALUES: Final[Mapping[Kind, Callable[[Field], list[Schema]]]] = {
    Kind.TEXT: _text,
    Kind.CODE: _code,
    Kind.CODES: _codes,
    Kind.NUMBER: _number,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _date,
}
