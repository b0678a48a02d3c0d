"""The headers of answers in words, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

_HEADERS: Final[Mapping[str, tuple[str, Json]]] = {
    "ETag": ("The state that was answered; send it as `If-Match` or `If-None-Match`.", {"pattern": '^"[^"]+"$'}),
    "Link": (
        'The next page, `rel="next"`, absent after the last; `rel="deprecation"`: what is different in the contract '
        "version that follows.",
        {},
    ),
    "Deprecation": (
        "Since when there is a newer contract version to go over to (RFC 9745); only where the terms end this one.",
        {"pattern": "^@[0-9]+$"},
    ),
    "Sunset": ("Until when the contract version is taken (RFC 8594).", {}),
    "Retry-After": ("Seconds to wait before it is worth trying again.", {"pattern": "^[0-9]+$"}),
    "WWW-Authenticate": ("Where to find out how to get a token (RFC 6750, RFC 9728).", {}),
    "Content-Disposition": ("The name of the file.", {}),
    "Vary": ("The request headers that the answer depends on.", {}),
    "Cache-Control": ("For how long the answer may be kept, and by whom.", {}),
}


def header(name: str, *, required: bool) -> Json:
    description, schema = _HEADERS[name]
    return {"description": description, "required": required, "schema": {"type": "string", **schema}}
