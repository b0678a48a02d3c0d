"""The reference page of the validation rules, and of what is derived, in words.

``python -m tests.support.rules`` writes the page anew; a test says when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from service.contract.model import Contract, PartName, Severity
from service.contract.words import derived_in_words, rules_in_words
from service.terms.check import Published, load_published

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "rules.md"

_HEAD = """# Validation rules in words

<!-- Made from contracts/ by `uv run python -m tests.support.rules`; not to be edited. -->

When each rule of a contract version finds something, what it then says, and what helps. A rule finds something only
where that is certain: what is not known breaks no rule. What stands in quotes (‘Suspects’) is a label or a title of the
data standard; `/api/contracts/{version}` has the same for programs.
"""
_GROUPS = {
    Severity.SYNTACTICAL: "Cannot be read: the row is held until it is corrected or set aside",
    Severity.VALIDITY: "Cannot be: the row is held until it is corrected or set aside",
    Severity.QUALITY: "Unlikely or absent: to be confirmed or explained before the return is sealed",
    Severity.MACRO: "About the whole return: to be confirmed or explained before it is sealed",
}
_COLUMNS = ("| rule | parts | found if | says | what to do | guidance |", "|---|---|---|---|---|---|")


def page(published: Published) -> str:
    """The page: for each version the rules that it brought."""
    contracts = published.library.contracts.values()
    return "\n".join([_HEAD, *(line for contract in contracts for line in _version(contract))])


def _version(contract: Contract) -> Iterator[str]:
    yield from (f"## {contract.title}", "")
    if contract.upgrade is not None:
        yield from (f"All rules of {contract.upgrade.before} hold too, under the new names of fields.", "")
    yield from _derived(contract)
    words = rules_in_words(contract)
    for severity, title in _GROUPS.items():
        own = [rule for rule in contract.rules if rule.since == contract.version and rule.severity is severity]
        if own:
            yield from (f"### {title}", "", *_COLUMNS)
            for rule in own:
                found = words[rule.id].removeprefix("Found if ").removesuffix(".")
                parts = ", ".join(rule.parts)
                cells = (found, rule.says, rule.fix, rule.guidance)
                yield f"| {rule.id} | {parts} | {' | '.join(map(_cell, cells))} |"
            yield ""
    yield from _guidance(contract)


def _guidance(contract: Contract) -> Iterator[str]:
    """What this version says of rules that it has from the one before."""
    if contract.upgrade is None:
        return
    carried = [rule for rule in contract.rules if rule.since != contract.version]
    yield from ("### What to look at, and whom to ask, for the rules of earlier versions", "")
    yield from ("| rule | guidance |", "|---|---|")
    yield from (f"| {rule.id} | {_cell(rule.guidance)} |" for rule in carried)
    yield ""


def _derived(contract: Contract) -> Iterator[str]:
    fields = [
        field for field in contract.parts[PartName.CASE].fields if field.derive and field.since == contract.version
    ]
    if fields:
        yield from ("### What is taken where a force says nothing", "")
        yield from (f"- {words}" for field in fields for words in derived_in_words(field, contract))
        yield ""


def _cell(text: str) -> str:
    """Text of a table: placeholders as they stand, and nothing that Markdown or HTML would take for its own."""
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(load_published()), encoding="utf-8")
