"""The forms of what carries a row or its reference, for the OpenAPI document: made from the contracts in use.

The document's components name what a row is for (``CaseRow``, ``CaseShown``); the names of fields come from the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from service.api.documented import NAME, TEXT, WORDS
from service.api.work_list_shapes import border_components, work_list_components
from service.contract.findings import key_name
from service.contract.model import Contract, Part, PartName, Role
from service.contract.schema import Schema, sent_row, shown_row

CASE_ID: Final = "case_id"
"""The member that carries a case's opaque id. No field of a contract."""

_PARTS: Final[Mapping[PartName, str]] = {
    PartName.CASE: "Case",
    PartName.AGGREGATE: "Aggregate",
    PartName.WORKFORCE: "Workforce",
}
_UUID: Final[Schema] = {"type": "string", "format": "uuid"}
_TEXT: Final[Schema] = {"type": ["string", "null"]}
_WHOLE: Final[Schema] = {"type": ["integer", "null"]}


def row_components(contracts: Sequence[Contract]) -> dict[str, Schema]:
    """The components for the contract versions that forces may write in, by name."""
    found: dict[str, Schema] = {}
    for part, name in _PARTS.items():
        having = [one for one in contracts if part in one.parts]
        first = {CASE_ID: {**_UUID, "description": "The case's opaque id."}} if part is PartName.CASE else None
        sent = {f"{name}Row-{one.version}": sent_row(one, one.parts[part]) for one in having}
        shown = {f"{name}Shown-{one.version}": shown_row(one, one.parts[part], first) for one in having}
        found |= sent | shown
        found[f"{name}Row"] = _any_of(sent)
        found[f"{name}Rows"] = _rows(f"{name}Row", [one.parts[part] for one in having])
        found[f"{name}Shown"] = _any_of(shown)
        if part is PartName.CASE:
            replaced = {f"{name}Replacement-{one.version}": _replacement(one) for one in contracts}
            found |= {**replaced, f"{name}Replacement": _any_of(replaced)}
        found[f"{name}List"] = _list_of(f"{name}Shown", f"{name} rows as they are held.")
    keys = list(dict.fromkeys(key_name(contract) for contract in contracts))
    return found | _about_rows(keys[0]) | work_list_components(keys[0]) | border_components(keys[0])


def _rows(row: str, parts: Sequence[Part]) -> Schema:
    """Rows as JSON. Anything may stand among them; a file in which no row says which row it is, is no such file."""
    held = {"description": "Anything else is held with its text and findings; it never costs another row."}
    keys = dict.fromkeys(key.name for part in parts if (key := part.by_role.get(Role.KEY)) is not None)
    named: Schema = {"contains": {"anyOf": [{"type": "object", "required": [name]} for name in keys]}} if keys else {}
    return {"type": "array", "items": {"anyOf": [_ref(row), held]}, **named}


def _replacement(contract: Contract) -> Schema:
    """A case that is put in the place of the one in the path: it may leave its reference out, and carry its id."""
    row = sent_row(contract, contract.parts[PartName.CASE])
    row.pop("required", None)
    row["properties"] = {CASE_ID: {**_UUID, "description": "That of the path, if sent."}, **row["properties"]}
    return row


def _about_rows(key: str) -> dict[str, Schema]:
    """What names a row by its reference, under the name of the key field."""
    reference = {key: {**_TEXT, "description": "The row's reference; null where it is about none, or all."}}
    answer: dict[str, Schema] = {
        "rule": {"type": "string", "pattern": NAME, "description": "The rule, as the finding names it."},
        key: {**_TEXT, "pattern": TEXT, "description": "The case; null is every finding of the rule."},
        "words": {
            "type": "string",
            "minLength": 1,
            "maxLength": 2000,
            "pattern": WORDS,
            "description": "Why it is so, in words.",
        },
    }
    finding: dict[str, Schema] = {
        "rule": {"type": "string"},
        "severity": {"enum": ["syntactical", "validity", "quality", "macro"]},
        "part": {"enum": ["case", "aggregate", "workforce", "return"]},
        "row": {"type": "integer", "minimum": 0, "description": "The row of the file; 0 is the whole."},
        **reference,
        "field": _TEXT,
        "value": {**_TEXT, "description": "What was sent, cut where it is long."},
        "says": {"type": "string"},
        "fix": {"type": "string"},
        "notice": {**_TEXT, "description": "The rule notice that gave it this severity, if one did."},
        CASE_ID: {"type": ["string", "null"], "format": "uuid"},
        "held": {**_WHOLE, "description": "The number of the held row."},
        "answer": {**_TEXT, "description": "The force's words on it."},
    }
    held: dict[str, Schema] = {
        "n": {"type": "integer", "minimum": 1, "description": "Its number in this return."},
        "part": {"enum": ["case", "aggregate", "workforce"]},
        "row": {"type": "integer", "minimum": 0},
        **reference,
        "text": {"type": "string", "description": "The row as it was sent."},
        "set_aside": {**_TEXT, "description": "Why it is left out of the return."},
        "words": _TEXT,
        "freed_by": {**_TEXT, "description": "Rule notices since which it is taken as it is, if sent again."},
    }
    missing: dict[str, Schema] = {
        CASE_ID: _UUID,
        **reference,
        "source": {"enum": ["snapshot", "deletion"]},
        "answer": {"enum": ["keep", "withdraw", None]},
        "reason": _TEXT,
        "words": _TEXT,
    }
    point = {"$ref": "#/components/schemas/PeriodPoint"}
    version: dict[str, Schema] = {
        "from": {"anyOf": [point, {"type": "null"}]},
        "until": {"anyOf": [point, {"type": "null"}], "description": "Null: it is the present one."},
        "ended_by": _TEXT,
        "contract_version": {"type": "string"},
        "values": {"type": "object", "description": "The fields of that contract version."},
    }
    return {
        "Answer": _object(answer, "An answer to findings.", required=("rule", "words")),
        "Answers": _object(
            {"answers": {"type": "array", "minItems": 1, "maxItems": 10_000, "items": _ref("Answer")}},
            "Answers to findings; all are taken, or none.",
        ),
        "Dispute": _object(answer, "This finding is wrong.", required=("rule", "words")),
        "Finding": _object(finding, "A finding, with the opaque id of its case or the number of its held row."),
        "FindingList": _list_of("Finding", "Findings, in the order of the rows.", {"not_run": _NOT_RUN}),
        "HeldRow": _object(held, "A row that could not be accepted."),
        "HeldList": _list_of("HeldRow", "Rows that could not be accepted."),
        "MissingCase": _object(missing, "A case that waits for the force's word, or has it."),
        "MissingList": _list_of("MissingCase", "Cases that a snapshot lacks, or that were taken out."),
        "PeriodPoint": _object(
            {"period": {"type": "string"}, "revision": {"type": "integer"}}, "A sealed return of the force."
        ),
        "CaseVersion": _object(version, "A sealed version of a case: which return brought it, and which ended it."),
        "CaseHistory": _list_of("CaseVersion", "Every sealed version of a case, oldest first."),
    }


def _object(properties: Mapping[str, Schema], description: str, required: Iterable[str] | None = None) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


_NOT_RUN: Final[Schema] = {
    "type": "array",
    "description": "Checks that could not run, on the first page of an open return: a rule, or a part, and why.",
    "items": _object({"what": {"type": "string"}, "why": {"type": "string"}}, "A check that could not run."),
}


def _list_of(name: str, description: str, sometimes: Mapping[str, Schema] | None = None) -> Schema:
    following = {**_TEXT, "description": "Send it as `cursor` for the next page; null after the last."}
    always = {"items": {"type": "array", "items": _ref(name)}, "next": following}
    return _object({**always, **(sometimes or {})}, description, required=always)


def _any_of(named: Mapping[str, Any]) -> Schema:
    if not named:
        return {"not": {}, "description": "The standard has no such part."}
    return _ref(next(iter(named))) if len(named) == 1 else {"anyOf": [_ref(name) for name in named]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
