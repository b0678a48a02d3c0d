"""The forms of the work-list and the border, for the OpenAPI document: a case is named by the contract's key field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": ["string", "null"]}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_STRING: Final[Schema] = {"type": "string"}
_CODE: Final[Schema] = {"$ref": "#/components/schemas/CodeTitle"}


def work_list_components(key: str) -> dict[str, Schema]:
    """The components of the work-list; ``key`` is the field that names a case."""
    answer: dict[str, Schema] = {
        "values": {"type": "array", "items": _STRING, "description": "As they may be written."},
        "verdict": {"enum": ["in_scope", "out_of_scope"]},
        "rule": {**_TEXT, "description": "The rule that puts the case out."},
    }
    missing: dict[str, Schema] = {
        "attribute": _STRING,
        "label": _STRING,
        "value": {**_TEXT, "description": "What is known of it so far: a range, or one of several codes."},
        "empty": {"enum": ["not_provided", "not_applicable", None]},
        "answers": {
            "type": "array",
            "items": _object(answer, "Answers that decide by themselves, and how."),
            "description": "The answers that decide by themselves, whatever else stays unknown.",
        },
    }
    case: dict[str, Schema] = {
        "case_id": {"type": "string", "format": "uuid"},
        key: {**_STRING, "description": "The case's reference."},
        "says": {**_STRING, "description": "In words: what settles the case, and how."},
        "missing": {"type": "array", "items": _object(missing, "One attribute that is not exactly known.")},
    }
    attribute: dict[str, Schema] = {
        **dict.fromkeys(("attribute", "label", "meaning", "kind", "takes", "partly_known"), _STRING),
        "codes": {"type": "array", "items": _CODE},
        "cases": {**_COUNT, "description": "Cases that it is asked of."},
        "alone": {**_COUNT, "description": "Those of them of which nothing else is asked: it settles them."},
        "not_provided": {**_COUNT, "description": "Those of them of which the force said that it does not hold it."},
    }
    point: Schema = {"$ref": "#/components/schemas/PeriodPoint"}
    listed: dict[str, Schema] = {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/AskedCase"}},
        "next": {**_TEXT, "description": "Send it as `cursor` for the next page; null after the last."},
        "scope": {"$ref": "#/components/schemas/EditionShown"},
        "return": {**point, "description": "The sealed return that is asked about."},
        "draft": {"anyOf": [point, {"type": "null"}], "description": "The open return that answers go into."},
        "contract_version": {**_STRING, "description": "In which the file of answers is written."},
        "taken_from": {
            **_TEXT,
            "description": "The first period, from that of the draft (or else of the return) on, for which the terms "
            "take that version; null where they take it for none.",
        },
        "cases": {**_COUNT, "description": "Cases of the list."},
        "not_counted": {**_COUNT, "description": "Undetermined cases outside the years that count: not asked about."},
        "attributes": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/AskedAttribute"},
            "description": "What is asked, that first which settles most cases by itself.",
        },
    }
    return {
        "AskedCase": _object(case, "An undetermined case, and what would settle it."),
        "AskedAttribute": _object(attribute, "An attribute that is asked for, and what may be written there."),
        "WorkList": _object(listed, "What is asked of a force, most decisive first."),
    }


def border_components(key: str) -> dict[str, Schema]:
    """The components of the border of an edition; ``key`` is the field that names a case."""
    rule: dict[str, Schema] = {
        **dict.fromkeys(("id", "title", "sentence"), _STRING),
        "values": {"type": "array", "items": {"$ref": "#/components/schemas/SaidShown"}},
    }
    reason: dict[str, Schema] = {
        "verdict": {"enum": ["out_of_scope", "undetermined"]},
        "rule": {**_TEXT, "description": "The rule that alone keeps it out: every other is met."},
        "attribute": {**_TEXT, "description": "What alone it lacks."},
    }
    counted: dict[str, Schema] = {**reason, "title": {**_STRING, "description": "In words."}, "cases": _COUNT}
    case: dict[str, Schema] = {
        "case_id": {"type": "string", "format": "uuid"},
        key: {**_STRING, "description": "The case's reference."},
        **reason,
        "says": {**_STRING, "description": "In words: what stands between it and another verdict."},
        "rules": {
            "type": "array",
            "items": _object(rule, "A rule, with what the record says of what it reads."),
            "description": "The rule that is false, or those that wait for the attribute.",
        },
        "links": _object({"why": _STRING}, "Every rule, and what would settle it."),
    }
    listed: dict[str, Schema] = {
        "items": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/BorderCase"},
            "description": "The sample, by reason; the same each time for one return.",
        },
        "next": {"type": "null", "description": "A sample has no next page."},
        "scope": {"$ref": "#/components/schemas/EditionShown"},
        "return": {"$ref": "#/components/schemas/PeriodPoint"},
        "cases": {**_COUNT, "description": "Cases at the border, in all."},
        "not_counted": {**_COUNT, "description": "Those outside the years that count, which are in no other number."},
        "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/BorderReason"}},
    }
    return {
        "BorderCase": _object(case, "A case that is one step away from another verdict."),
        "BorderReason": _object(counted, "What cases are one step away by, and how many there are in all."),
        "Border": _object(listed, "Cases of a force at the border of an edition."),
    }


def _object(properties: Mapping[str, Schema], description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
