"""Writes a proposed mapping down as the YAML that a person reads, corrects and then gives with ``--mapping``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from service.contract.model import Contract, Field, Part
from service.contract.proposal import Choice, Proposal

_HEAD: Final = """\
# Which column of your file is which field of the contract, and what your values mean. It was proposed from names and
# values that are alike, and nothing is known to be right: read every line, correct it, and only then use it:
#
#   case-returns map FILE --mapping THIS_FILE         what it covers
#   case-returns validate FILE --mapping THIS_FILE    checks the file as it translates it
#
# A value that does not stand here passes as it is. Fields and codes: {where}.
"""


def as_yaml(proposal: Proposal, part: Part, contract: Contract) -> str:
    """The file. What is not certain says so behind it; what was not found stands there as a comment."""
    lines = [
        *_HEAD.format(where=f"case-returns template {part.name}s --contract {contract.version}").splitlines(),
        f"contract: {_quoted(contract.version)}",
        f"part: {part.name}",
        "",
        *_columns(proposal, part),
        "",
        *_dates(proposal),
        "",
        *_values(proposal, part),
    ]
    return "\n".join(lines) + "\n"


def _columns(proposal: Proposal, part: Part) -> Iterator[str]:
    yield "columns:  # your column: the field"
    for own, choice in proposal.columns.items():
        if choice is not None:
            yield f"  {_quoted(own)}: {choice.name}  # {_said(choice, part.by_name[choice.name].label)}"
    absent = [own for own, choice in proposal.columns.items() if choice is None]
    needed = [field for field in part.fields if field.required and field.name not in _chosen(proposal)]
    for field in needed:
        yield f"  # No column was found for {field.name} ({field.label}), which every row needs."
    yield ""
    yield "# Your columns that are not to be looked at, and never sent. One that is neither here nor above is found as"
    yield "# a column that the contract does not have. Take the mark away from those that have no place in the return:"
    yield "left_out:"
    yield from (f"  # - {_quoted(own)}" for own in absent)


def _dates(proposal: Proposal) -> Iterator[str]:
    yield "dates:  # field: the order in which its days are written, where that is not 2014-03-07"
    for name, form in proposal.dates.items():
        doubt = "  # no day above 12 in the sample: be sure that the day comes first" if name in proposal.either else ""
        yield f"  {name}: {form}{doubt}"


def _values(proposal: Proposal, part: Part) -> Iterator[str]:
    yield "values:  # field: your value: the code"
    for name in sorted(proposal.many):
        yield f"  # {name}: too many different values to be those of a list; none is shown here."
    for name in dict.fromkeys((*proposal.values, *proposal.unshown)):
        field, found = part.by_name[name], proposal.values.get(name, {})
        open_ = all(choice is None for choice in found.values())
        yield f"  {'# ' if open_ else ''}{name}:"
        for value, choice in found.items():
            if choice is None:
                yield f"  {'# ' if open_ else ''}  # {_quoted(value)}:  # nothing is near enough; one of {_some(field)}"
            else:
                said = _said(choice, _title(field, choice.name), field)
                yield f"    {_quoted(value)}: {_quoted(choice.name)}  # {said}"
        if name in proposal.unshown:
            yield f"    # {proposal.unshown[name]} values are long, or look as if about a person: not shown here."


def _chosen(proposal: Proposal) -> set[str]:
    return {choice.name for choice in proposal.columns.values() if choice is not None}


def _said(choice: Choice, title: str, field: Field | None = None) -> str:
    """How sure it is, what it is in words, and what else it might be."""
    sure = "sure" if choice.like >= 0.95 else "likely" if choice.like >= 0.75 else "CHECK"
    others = ", ".join(
        f"{name} ({_title(field, name)})" if field is not None else name
        for name, like in choice.others
        if choice.like < 0.95 or like > choice.like - 0.1
    )
    return " ".join(f"{sure} {choice.like:.0%}: {title}{f'; or {others}' if others else ''}".split())


def _title(field: Field | None, code: str) -> str:
    found = field.list.by_code.get(code) if field is not None and field.list is not None else None
    return code.replace("_", " ") if found is None else found.title


def _some(field: Field) -> str:
    codes = [code.code for code in field.list.codes] if field.list is not None else []
    return ", ".join(codes[:12]) + (f" and {len(codes) - 12} more" if len(codes) > 12 else "")


def _quoted(text: str) -> str:
    """A text that YAML reads as that text, whatever stands in it."""
    return json.dumps(text, ensure_ascii=not text.isprintable())
