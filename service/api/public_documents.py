"""The documents of what is published, as everyone may read them: data in, plain data out, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.api.adopted_meanings import Meaning
from service.api.problems import TITLES, TYPE_PATH
from service.api.scope_shapes import ScopeRuleWords, standing
from service.contract.change import Changes, Reading
from service.contract.model import CodeList, Contract, Field, Measure, Part, PartName, RowMeasure, Rule
from service.contract.notices import Notice
from service.contract.schema import DIALECT, sent_row
from service.contract.words import derivations_in_words, rules_in_words
from service.criteria.wording import Titles, set_title
from service.scope.drafts import Stored
from service.scope.edition import Edition
from service.scope.words import EditionInWords, text_of


def meaning_document(code: str, meaning: Meaning) -> dict[str, Any]:
    """A code of an error for a reader: where it comes from, what it means, what helps."""
    return {
        "type": f"{TYPE_PATH}{code}",
        "code": code,
        "titles": [TITLES.get(status, "The request was refused") for status in meaning.statuses],
        "statuses": meaning.statuses,
        "means": meaning.means,
        "do": meaning.do,
    }


PART_PATHS: Final[Mapping[str, PartName]] = {
    "cases": PartName.CASE,
    "aggregates": PartName.AGGREGATE,
    "workforce": PartName.WORKFORCE,
}
"""The parts by the words that stand for them in an address."""


TEMPLATES: Final = tuple(f"{part}.{form}" for part in PART_PATHS for form in ("csv", "xlsx"))
"""The templates by the words that stand for them in an address."""


def row_schema(contract: Contract, part: Part, address: str) -> dict[str, Any]:
    """A row of a part as JSON Schema, for tools that know nothing of the service. ``address`` is where it stands."""
    return {"$schema": DIALECT, "$id": address, **sent_row(contract, part)}


def contract_document(contract: Contract, notices: Sequence[Notice]) -> dict[str, Any]:
    """A contract version: everything that a force's system needs to write a return; its rules with their notices."""
    words = rules_in_words(contract)
    mine = [notice for notice in notices if contract.version in notice.contracts]
    return {
        **head(contract),
        "parts": [_part(part, contract.titles[part.name]) for part in contract.parts.values()],
        "lists": {name: f"/api/codes/{name}" for name in contract.lists},
        "sets": [
            {
                "name": item.name,
                "title": set_title(item),
                "list": item.list,
                "codes": item.codes,
                "left_out": item.left_out,
            }
            for item in contract.vocabulary.sets.values()
        ],
        "measures": [
            *(_measure(item) for item in contract.measures),
            *(_row_measure(item) for part in contract.parts.values() for item in part.row_measures),
        ],
        "rules": [
            _rule(rule, words[rule.id], [notice for notice in mine if notice.rule == rule.id])
            for rule in contract.rules
        ],
    }


def changes_document(changes: Changes) -> dict[str, Any]:
    """What a version changes in the one before it."""
    return {
        "version": changes.version,
        "before": changes.before,
        "says": changes.says,
        "changes": [
            {
                "id": item.id,
                "subject": item.subject,
                "kind": item.kind,
                "name": item.name,
                "formerly": item.formerly,
                "title": item.title,
                "parts": item.parts,
                "says": item.says,
                "older": item.older,
                "newer": item.newer,
                "forward": [_reading(each) for each in item.forward],
                "back": [_reading(each) for each in item.back],
                "declared": item.step is not None,
            }
            for item in changes.changes
        ],
        "links": {
            "contract": f"/api/contracts/{changes.version}",
            **({} if changes.before is None else {"before": f"/api/contracts/{changes.before}"}),
        },
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {"code": reading.code.code, "title": reading.code.title, "reads": reading.reads}


def list_document(codes: CodeList) -> dict[str, Any]:
    """A code list; what else it says of a code stands under ``columns``."""
    return {
        "list": codes.name,
        "title": codes.title,
        "source": codes.source,
        "hash": codes.hash,
        "codes": [
            {"code": item.code, "title": item.title, "columns": item.columns, "members": item.group}
            for item in codes.codes
        ],
    }


def scope_document(edition: Edition, stored: Stored, words: EditionInWords) -> dict[str, Any]:
    """A scope edition: who is counted, rule by rule, and in words; and what became of it."""
    return {
        "edition": edition.name,
        "title": edition.title,
        "state": stored.state.value,
        "vocabulary": edition.vocabulary,
        "hash": edition.hash,
        **standing(stored),
        "tallied_until": stored.tallied_until,
        "rules": [
            {
                "id": rule.id,
                "title": rule.title,
                "guidance": rule.guidance,
                "when": rule.when,
                "words": {name: getattr(said, name) for name in ScopeRuleWords.__struct_fields__},
            }
            for rule, said in zip(edition.rules, words.rules, strict=True)
        ],
        "attributes": edition.definition.attributes,
        "codes_left_out": edition.codes_left_out,
        "words": {
            "summary": words.summary,
            "judging": words.judging,
            "sets": words.sets,
            "text": text_of(words),
        },
        "links": {"contract": f"/api/contracts/{edition.vocabulary}"},
    }


def head(contract: Contract) -> dict[str, Any]:
    """A contract version in the list of them."""
    return {
        "version": contract.version,
        "title": contract.title,
        "state": contract.state,
        "hash": contract.hash,
        "links": {
            "self": f"/api/contracts/{contract.version}",
            "schema": f"/api/contracts/{contract.version}/schema/{{part}}",
            "template": f"/api/contracts/{contract.version}/template/{{part}}.xlsx",
            "template_csv": f"/api/contracts/{contract.version}/template/{{part}}.csv",
            "changes": f"/api/contracts/{contract.version}/changes",
            "kit": f"/api/contracts/{contract.version}/kit",
        },
    }


def _part(part: Part, known: Titles) -> dict[str, Any]:
    return {
        "part": part.name.value,
        "title": part.title,
        "row_is": part.row_is,
        "fields": [_field(field, known) for field in part.fields],
    }


def _field(field: Field, known: Titles) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": field.name,
        "type": field.kind.value,
        "label": field.label,
        "meaning": field.meaning,
        "example": field.example,
        "required": field.required,
        "exact": field.exact,
        "dimension": field.dimension,
        "not_applicable": field.not_applicable,
        "since": field.since,
    }
    more = {
        "role": None if field.role is None else field.role.value,
        "list": None if field.list is None else field.list.name,
        "least": field.least,
        "greatest": field.greatest,
        "pattern": field.pattern,
    }
    shown |= {name: value for name, value in more.items() if value is not None}
    if field.derive:
        words = derivations_in_words(field, known)
        shown["derived"] = [
            {"value": item.value, "when": item.when, "words": said}
            for item, said in zip(field.derive, words, strict=True)
        ]
    return shown


def _measure(item: Measure) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": item.name, "title": item.title, "meaning": item.meaning}
    if item.counts is not None:
        shown |= {"counts": item.counts.value, "field": item.field, "at_least": item.at_least}
    return shown


def _row_measure(item: RowMeasure) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": item.name, "title": item.column.label, "meaning": item.column.meaning}
    return shown | ({"alike": item.alike} if item.previous is None else {"previous": item.previous})


def _rule(rule: Rule, words: str, notices: Sequence[Notice]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "parts": [part.value for part in rule.parts],
        "severity": rule.severity.value,
        "when": rule.when,
        "check": rule.check,
        "words": words,
        "fields": rule.fields,
        "says": rule.says,
        "fix": rule.fix,
        "guidance": rule.guidance,
        "since": rule.since,
        "until": rule.until,
        "notices": [
            {
                "id": notice.id,
                "severity": notice.severity,
                "from": notice.start,
                "until": notice.until,
                "links": {"self": f"/api/rule-notices/{notice.id}"},
            }
            for notice in notices
        ],
    }
