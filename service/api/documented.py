"""What the OpenAPI document says of a route beyond its signature: query parameters, bodies, headers, problems.

Routes read their queries and bodies themselves (``asking.py``), strictly; here they say in which form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar.openapi.spec import (
    Example,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from msgspec import Struct

from service.api.asking import JSON, MOST_ROWS, USUAL_ROWS
from service.api.problems import MEDIA_TYPE

COMPONENT: Final = "#/components/schemas/"


class ProblemError(Struct, kw_only=True, omit_defaults=True):
    """One thing that is wrong: at a pointer of the body, a parameter (``field``), or a row."""

    pointer: str | None = None
    field: str | None = None
    code: str | None = None
    count: int | None = None
    rule: str | None = None
    severity: str | None = None
    part: str | None = None
    row: int | None = None
    value: str | None = None
    says: str | None = None
    fix: str | None = None
    do: str | None = None


class ProblemDocument(Struct, kw_only=True, omit_defaults=True):
    """Every error (RFC 9457). ``type`` is stable; ``do`` says what helps."""

    type: str
    title: str
    status: int
    detail: str
    do: str = ""
    reference: str = ""
    errors: list[ProblemError] = []


class Query(Struct, frozen=True, kw_only=True):
    """One query parameter."""

    name: str
    description: str
    example: str | int | None = None
    offered: tuple[str, ...] = ()
    whole: bool = False
    required: bool = False

    def parameter(self) -> Parameter:
        """As OpenAPI has it."""
        schema: dict[str, Any] = {"type": "integer" if self.whole else "string"}
        if self.offered:
            schema["enum"] = list(self.offered)
        return Parameter(
            name=self.name,
            param_in="query",
            description=self.description,
            required=self.required,
            schema=_raw(schema),
            examples=None if self.example is None else {"usual": Example(value=self.example)},
        )


PAGE: Final = (
    Query(name="cursor", description="Where to go on: `next` of the page before."),
    Query(name="limit", description=f"Items a page, at most {MOST_ROWS}; otherwise {USUAL_ROWS}.", whole=True),
)
REVISION: Final = Query(name="revision", description="A revision of the period; otherwise the current one.", whole=True)
DRY_RUN: Final = Query(name="dry_run", description="`true`: check only, store nothing.", offered=("true", "false"))


def operation(
    *,
    query: Sequence[Query] = (),
    body: type[Struct] | Mapping[str, str] | None = None,
    body_required: bool = True,
    if_match: str | None = None,
    idempotent: bool = False,
    answers: Mapping[str, str] | None = None,
) -> type[Operation]:
    """The operation class of a route. ``body`` is a struct (JSON) or media types with what each is; ``answers`` the
    media types of a 200 beside JSON; ``if_match`` says what ``If-Match`` is for here."""
    parameters = [item.parameter() for item in query]
    if if_match is not None:
        parameters.append(_header("If-Match", if_match))
    if idempotent:
        parameters.append(
            _header("Idempotency-Key", "The same key and request within 24 hours: one effect, one answer.")
        )
    request = None if body is None else _request(body, required=body_required)
    others = dict(answers or {})

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            self.parameters = [*(self.parameters or []), *parameters] or None
            self.request_body = request or self.request_body
            responses = dict(self.responses or {})
            responses.pop("400", None)  # Litestar's own form of an error: ours are problems
            answer = responses.get("200")
            if isinstance(answer, OpenAPIResponse) and answer.content is not None:
                for media, what in others.items():
                    answer.content[media] = OpenAPIMediaType(schema=_raw({"type": "string", "description": what}))
            responses["default"] = OpenAPIResponse(
                description="A problem (RFC 9457)",
                content={MEDIA_TYPE: OpenAPIMediaType(schema=Reference(f"{COMPONENT}ProblemDocument"))},
            )
            self.responses = responses

    return Documented


def components(kinds: Sequence[type[Any]]) -> dict[str, Any]:
    """The schemas of some structs and all that they are made of, by name."""
    return msgspec.json.schema_components(kinds, ref_template=COMPONENT + "{name}")[1]


BODIES: Final[list[type[Any]]] = [ProblemDocument]
"""Every struct that a route reads as its body, for the document's components."""


def _request(body: type[Struct] | Mapping[str, str], *, required: bool) -> RequestBody:
    if isinstance(body, Mapping):
        content = {media: OpenAPIMediaType(schema=_raw({"description": what})) for media, what in body.items()}
        return RequestBody(content=content, required=required)
    if body not in BODIES:
        BODIES.append(body)
    schema = Reference(f"{COMPONENT}{body.__name__}")
    return RequestBody(content={JSON: OpenAPIMediaType(schema=schema)}, required=required)


def _header(name: str, description: str) -> Parameter:
    return Parameter(name=name, param_in="header", description=description, schema=_raw({"type": "string"}))


class _RawSchema(Schema):
    """A schema that is written down as it is to stand in the document."""

    def __init__(self, written: dict[str, Any]) -> None:
        super().__init__()
        self._written = written

    def to_schema(self) -> dict[str, Any]:
        return self._written


def _raw(schema: dict[str, Any]) -> Schema:
    return _RawSchema(schema)
