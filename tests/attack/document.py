"""The committed document, made ready for an attack in one medium."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

JSON: Final = "application/json"
DOCUMENT: Final[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[2] / "openapi" / "openapi.json").read_text("utf-8")
)


def files_shown() -> dict[tuple[str, str], str]:
    """The files that the document shows as examples, by operation and medium: schemathesis sends files as bytes."""
    return {
        (operation["operationId"], media): content["example"]
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        for media, content in operation.get("requestBody", {}).get("content", {}).items()
        if isinstance(content.get("example"), str)
    }


CODES = re.compile(r'"enum": \[[^]]*\]|"pattern": "\^ \*\(\?:[^"]*"')
"""What differs between the fields of two code lists: the codes, and the pattern of several of them."""


def document_for(media: str) -> dict[str, Any]:
    """The committed document: for JSON all of it, for another medium the operations that take or give that one, in it
    alone; and with fewer fields in a row.

    A row of sixty fields has thousands of bounds to try, and most are those of another field: one of each form is
    kept. What a value may be is tried elsewhere (tests/properties, tests/returns), field by field.
    """
    document: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    if media != JSON:
        _keep_alone(document, media)
    for item in document["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {})
            spoken = media if media in content else JSON
            if spoken in content:
                operation["requestBody"]["content"] = {spoken: content[spoken]}
            for shown in content.values():
                if isinstance(shown.get("example"), str):
                    del shown["example"]
    for name, schema in document["components"]["schemas"].items():
        if re.search(r"(Row|Replacement)-", name):
            schema["properties"] = _one_of_each_form(schema["properties"], schema.get("required", []))
    return document


def _keep_alone(document: dict[str, Any], media: str) -> None:
    """The operations that speak a medium, and of their links those that lead to one another."""
    paths = document["paths"]
    for path, item in list(paths.items()):
        kept = {method: operation for method, operation in item.items() if _speaks(operation, media)}
        paths[path] = kept
        if not kept:
            del paths[path]
    names = {operation["operationId"] for item in paths.values() for operation in item.values()}
    for item in paths.values():
        for operation in item.values():
            for answer in operation["responses"].values():
                links = answer.get("links", {})
                answer["links"] = {name: link for name, link in links.items() if link.get("operationId") in names}


def _speaks(operation: dict[str, Any], media: str) -> bool:
    given = (answer.get("content", {}) for answer in operation["responses"].values())
    return media in operation.get("requestBody", {}).get("content", {}) or any(media in content for content in given)


def _one_of_each_form(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    seen: set[str] = set()
    kept: dict[str, Any] = {}
    for name, schema in sorted(properties.items(), key=lambda item: item[0] not in required):
        cut = _cut(schema)
        form = CODES.sub("", json.dumps(cut))
        if name in required or form not in seen:
            seen.add(form)
            kept[name] = cut
    return kept


def _cut(value: Any) -> Any:
    """A schema without its words, with three of its codes, and without the length of a text that looks ahead: no
    generator finds one of an exact length in its time."""
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if not isinstance(value, dict):
        return value
    left_out = {"title", "description", "examples"}
    if "(?=" in str(value.get("pattern")):
        left_out |= {"minLength", "maxLength"}
    return {name: item[:3] if name == "enum" else _cut(item) for name, item in value.items() if name not in left_out}
