"""What a contract version says in plain English: its conditions, its named sets, and what follows from other fields.

Every label and title is the publisher's own, from the contract and its code lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct

from service.contract.model import CodeList, Contract, Field, PartName, Rule
from service.contract.values import Check
from service.criteria.tree import sets_of
from service.criteria.vocabulary import NamedSet
from service.criteria.wording import Titles, listed, sentence, set_title

CHECKS: Mapping[Check, str] = MappingProxyType(
    {
        Check.NUMBER: "what is sent for a number is not a whole number or a range of whole numbers",
        Check.DATE: "what is sent for a date is not a day, a month, a year or a span of these",
        Check.DECIMAL: "what is sent for a decimal number is not a number, or a range, with at most two decimal places",
        Check.TEXT: "a text is too long, or has characters that cannot be printed",
        Check.SHAPE: "the row as a whole cannot be read",
        Check.ENCODING: "the row has bytes that are not characters",
        Check.CODE: "a code is not in the list of its field",
        Check.REQUIRED: "a field that every row must have is empty",
        Check.BOUNDS: "a number or a date lies outside what its field allows",
        Check.PATTERN: "a reference is not of the form that its field asks for",
        Check.PERSONAL: "a text looks as if it were about a person",
        Check.UNKNOWN_COLUMN: "a value stands in a column that this part does not have",
        Check.DUPLICATE_KEY: "the reference of the row stands in the same file more than once",
        Check.EXACT: "a range, or one of several codes, is sent for a field that must be exact",
        Check.NOT_APPLICABLE: "a field that applies to every row is sent as not applicable",
        Check.DUPLICATE_CELL: "another row of the same file has exactly the same breakdown",
        Check.FORMER_IN_USE: "the former reference is the reference of another case that is still reported",
        Check.KNOWLEDGE_LOST: "a value that the return had is empty now",
        Check.SUM_EXCEEDS: "numbers that are to add up to a total are together more than it",
        Check.SUM_DIFFERS: "numbers that are to add up to a total are together less than it",
    }
)
"""What a rule without a condition finds while it reads, as a sentence in the middle of another."""


class CodeInWords(Struct, frozen=True):
    """A code with its title."""

    code: str
    title: str


class SetInWords(Struct, frozen=True, kw_only=True):
    """A named set: what a sentence calls it (``title``, without quotes), the list it is of, and its codes.

    ``whole``: it is every code of the list. ``left_out`` are the codes that it has not got because the list says of
    them that it depends (semantics 7).
    """

    name: str
    title: str
    list: str
    list_title: str
    codes: tuple[CodeInWords, ...]
    whole: bool
    left_out: tuple[CodeInWords, ...]


def rules_in_words(contract: Contract) -> Mapping[str, str]:
    """When each validation rule fires, by its id: a sentence that begins with a capital and ends with a full stop."""
    return MappingProxyType({rule.id: _fires(rule, contract.titles) for rule in contract.rules})


def derivations_in_words(field: Field, known: Titles) -> tuple[str, ...]:
    """What is taken for a field where the force says nothing: a sentence for each derivation, of which the first that
    is true gives the value."""
    name, values = known.fields[field.name], known.codes[known.vocabulary.fields[field.name].list or ""]
    said: list[str] = []
    for item in field.derive:
        begins = f"Otherwise {name}" if said else f"Where {name} is not recorded, it"
        said.append(f"{begins} is taken to be {values[item.value]} if {sentence(item.criterion, known)}.")
    return tuple(said)


def derived_in_words(field: Field, contract: Contract) -> tuple[str, ...]:
    """All that is taken for a field of the case part, and the codes from which nothing follows."""
    said = list(derivations_in_words(field, contract.titles[PartName.CASE]))
    sets = [contract.vocabulary.sets[name] for item in field.derive for name in sets_of(item.criterion)]
    member = {(named.list, code) for named in sets for code in named.codes}
    for name in dict.fromkeys(named.list for named in sets):
        codes = dict.fromkeys(code for named in sets if named.list == name for code in named.left_out)
        depends = [code for code in codes if (name, code) not in member]
        if depends:
            words = codes_listed(codes_in_words(depends, contract.lists[name]))
            of = "This code is" if len(depends) == 1 else "These codes are"
            said.append(f"{of} in none of these sets, because the code list says that it depends: {words}.")
    return tuple(said)


def set_in_words(named: NamedSet, contract: Contract) -> SetInWords:
    """A named set with the titles of its codes."""
    of = contract.lists[named.list]
    return SetInWords(
        name=named.name,
        title=set_title(named),
        list=of.name,
        list_title=of.title,
        codes=codes_in_words(named.codes, of),
        whole=len(named.codes) == len(of.codes),
        left_out=codes_in_words(named.left_out, of),
    )


def codes_in_words(codes: Iterable[str], of: CodeList) -> tuple[CodeInWords, ...]:
    """Codes with their titles, in the order given."""
    return tuple(CodeInWords(code, of.by_code[code].title) for code in codes)


def codes_listed(codes: Iterable[CodeInWords]) -> str:
    """``19C (Rape of a female aged 16 and over) and 23 (...)``."""
    return listed(f"{code.code} ({code.title})" for code in codes)


def _fires(rule: Rule, known: Mapping[PartName, Titles]) -> str:
    if rule.criterion is not None:
        return f"Found if {sentence(rule.criterion, known[rule.parts[0]])}."
    return f"Found if {CHECKS[Check(rule.check or '')]}."
