"""What the OpenAPI document says of a route: parameters, bodies, answers, problems, who may call.

Routes read their queries and bodies themselves (``asking.py``), strictly; here they say in which form. Litestar calls
the class that ``operation`` makes for a route with what it knows of it, and asks it for its part of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

import msgspec
from litestar.openapi.spec import Operation, Parameter
from msgspec import Meta, Struct

from service.api.asking import JSON, LONGEST_PARAMETER, MOST_ROWS, USUAL_ROWS
from service.api.header_words import header
from service.api.links import links_of
from service.api.meanings import MEANINGS
from service.api.problems import MEDIA_TYPE, TITLES, TYPE_PATH
from service.api.public_documents import PART_PATHS, TEMPLATES
from service.api.replies import BYTES
from service.identity.principal import Permission

Json = dict[str, Any]

COMPONENT: Final = "#/components/schemas/"
SCHEME: Final = "clientCredentials"
"""The security scheme of every route that is not public."""

NAME: Final = "^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""A name of something that is published."""
TEXT: Final = r"^[^\x00]*$"
"""Any text but for NUL, which cannot be kept."""
WORDS: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""A text that says something."""

_PATH: Final[Mapping[str, tuple[str, str, Json]]] = {
    "force": ("The force, by its code in the list; that of the token.", "kent", {"pattern": "^[a-z][a-z-]{1,47}$"}),
    "period": ("The month that the return is for.", "2025-11", {"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}),
    "case_id": ("The case's opaque id, as rows carry it.", "0198a3de-7a52-7cc3-8a6b-1f2f5d8a9b10", {"format": "uuid"}),
    "n": ("The number of the held row in this return.", "1", {"pattern": "^[1-9][0-9]{0,8}$"}),
    "number": ("The number of the state in this return.", "1", {"pattern": "^[1-9][0-9]{0,8}$"}),
    "edition": ("The name of an edition, as the list has it.", "2025-11", {"pattern": NAME}),
    "version": ("A contract version, as the list has it.", "2025.1", {"pattern": NAME}),
    "part": ("A part of a return.", "workforce", {"enum": list(PART_PATHS)}),
    "field": ("A field of the newest contract version.", "setting", {"pattern": NAME}),
    "file": ("A part of a return, and the form of its template.", "cases.xlsx", {"enum": list(TEMPLATES)}),
    "id": ("The notice's id.", "2026-01-q335", {"pattern": "^[0-9]{4}-[0-9]{2}-[a-z0-9][a-z0-9-]{0,40}$"}),
    "rule": ("A rule, as findings name it.", "Q335", {"pattern": NAME}),
    "name": ("The name of a code list with its year.", "settings-2025", {"pattern": NAME}),
    "code": ("The code at the end of a problem's `type`.", "not-open", {"pattern": "^[a-z][a-z-]*$"}),
}  # fmt: skip

UPLOAD_REFUSALS: Final = (
    *("malformed", "empty-upload", "upload-cut-short", "digest-differs", "bad-digest", "bad-heading"),
    *("duplicate-column", "too-many-columns", "wrong-part", "no-key-column", "no-required-column", "not-an-array"),
    *("not-json", "too-large", "array-too-large", "row-too-long", "content-differs", "undecodable"),
    *("unsupported-media", "disk-full", "bad-workbook", "which-sheet", "workbook-too-large", "workbook-refused"),
)
"""What every route that takes rows may say of a body."""


class ProblemError(Struct, kw_only=True, omit_defaults=True):
    """One thing that is wrong: at a pointer or a place of the body, a parameter (``field``), or a row."""

    pointer: str | None = None
    line: int | None = None
    column: int | None = None
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
    """Every error (RFC 9457). ``type`` is stable, and a path that says what it means; ``do`` says what helps."""

    type: Annotated[str, Meta(pattern=f"^{TYPE_PATH}[a-z][a-z-]*$")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    do: str = ""
    reference: Annotated[str, Meta(description="Of an internal error: it stands in the service's log.")] = ""
    errors: list[ProblemError] = []


class Query(Struct, frozen=True, kw_only=True):
    """One query parameter; ``bounds`` are of a whole number, ``pattern`` of a text: any without NUL, unless said."""

    name: str
    description: str
    example: str | int | None = None
    offered: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    pattern: str = TEXT
    required: bool = False

    def parameter(self) -> Json:
        """As OpenAPI has it."""
        schema: Json = {"type": "string", "maxLength": LONGEST_PARAMETER, "pattern": self.pattern}
        if self.offered:
            schema = {"type": "string", "enum": list(self.offered)}
        elif self.bounds is not None:
            schema = {"type": "integer", "minimum": self.bounds[0], "maximum": self.bounds[1]}
        example = self.example if self.example is not None else next(iter(self.offered), None)
        return _parameter(self.name, "query", self.description, schema, example, required=self.required)


CURSOR: Final = Query(
    name="cursor", description="Where to go on: `next` of the page before, unchanged.", pattern="^[A-Za-z0-9_-]+$"
)
LIMIT: Final = Query(
    name="limit", description=f"Items a page; otherwise {USUAL_ROWS}.", bounds=(1, MOST_ROWS), example=100
)
PAGE: Final = (CURSOR, LIMIT)
REVISION: Final = Query(
    name="revision", description="A revision of the period; otherwise the current one.", bounds=(1, 10_000), example=1
)
DRY_RUN: Final = Query(name="dry_run", description="`true`: check only, store nothing.", offered=("false", "true"))


class Answer(Struct, frozen=True, kw_only=True):
    """One success. ``shape`` is a struct or a component, None where there is no JSON; ``other`` the media beside it,
    with what each is."""

    shape: type[Any] | str | None
    says: str
    headers: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()
    """Headers that are there only in some of these answers."""
    other: Mapping[str, str] = {}


class Body(Struct, frozen=True, kw_only=True):
    """What is sent. ``shape`` of the JSON, or of one row where ``rows`` has the media with what each is; in JSON they
    are the component with the name of the row and an *s*. ``files`` are media of rows beside the JSON, ``texts`` media
    in which the same can be written."""

    shape: type[Any] | str
    rows: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    texts: Mapping[str, str] = {}
    required: bool = True
    media: str = JSON


class Route(Struct, frozen=True, kw_only=True):
    """Everything that is said of a route beyond its path, names and words."""

    answers: Mapping[int, Answer]
    permission: Permission | None = None
    or_permission: Permission | None = None
    """Another that does as well."""
    query: tuple[Query, ...] = ()
    body: Body | None = None
    if_match: str | None = None
    must_match: bool = False
    moved: str = "draft-moved"
    """What is said where ``If-Match`` names another state than the present one."""
    idempotent: bool = False
    kept: bool = False
    """Public or tagged: an answer that may be asked for again with ``If-None-Match``."""
    refusals: tuple[str, ...] = ()
    shown: Mapping[str, str] = {}
    """Examples of parameters in the path, where another than the usual one is needed."""
    oauth: bool = False
    """Errors of this route have the shape of RFC 6749."""

    def codes(self, path: Iterable[str]) -> tuple[str, ...]:
        """Every problem that the route may answer with."""
        codes = ["internal", *self.refusals]
        if self.permission is not None:
            codes += ["unauthenticated", "missing-permission", "unavailable", "parameter"]
        if path:
            codes.append("not-found")
        if "period" in path:
            codes.append("period")
        if any(answer.other and answer.shape is not None for answer in self.answers.values()):
            codes.append("not-acceptable")
        if self.if_match is not None:
            codes += ["bad-if-match", self.moved]
        if self.body is not None and not self.oauth:
            json_only = ("malformed", "not-json", "too-large", "unsupported-media", "body")
            codes += UPLOAD_REFUSALS if self.body.rows or self.body.files else json_only
        if self.idempotent:
            codes += ["bad-key", "idempotency-key-reused"]
        return tuple(dict.fromkeys(codes))


def operation(answer: Answer | Mapping[int, Answer], **said: Any) -> type[Operation]:
    """The operation class of a route: ``operation_class=operation(Answer(...), permission=..., query=...)``; the
    words are those of ``Route``."""
    route = Route(answers={200: answer} if isinstance(answer, Answer) else answer, **said)
    for item in route.answers.values():
        _remember(item.shape)
    if route.body is not None:
        _remember(route.body.shape)

    @dataclass
    class Documented(Operation):
        def to_schema(self) -> Json:
            """This operation's part of the document."""
            return _written(self, route)

    return Documented


def components() -> Json:
    """The schemas of all structs that routes read or answer with, and all that they are made of, by name."""
    made: Json = msgspec.json.schema_components(_KINDS, ref_template=COMPONENT + "{name}")[1]
    return made


def problem_examples() -> Json:
    """Each code as a problem document, for ``components.examples``."""
    return {
        _example_name(code, status): {"summary": meaning.means, "value": problem_example(code, status)}
        for code, meaning in MEANINGS.items()
        for status in meaning.statuses
    }


def problem_example(code: str, status: int) -> Json:
    """A problem as it may come: the words of ``detail`` are those of the occasion."""
    meaning = MEANINGS[code]
    shown = {"type": f"{TYPE_PATH}{code}", "title": TITLES.get(status, "The request was refused"), "status": status}
    return {**shown, "detail": meaning.means, "do": meaning.do}


def _example_name(code: str, status: int) -> str:
    return code if MEANINGS[code].statuses == (status,) else f"{code}-{status}"


_KINDS: Final[list[type[Any]]] = [ProblemDocument]


def _remember(shape: type[Any] | str | None) -> None:
    if shape is not None and not isinstance(shape, str) and shape not in _KINDS:
        _KINDS.append(shape)


@cache
def _examples() -> Mapping[str, Json]:
    """Requests and answers of a run of the service, by operation."""
    found: Mapping[str, Json] = msgspec.json.decode((files("service.api") / "examples.json").read_bytes())
    return found


def _written(said: Operation, route: Route) -> Json:
    named = [item.name for item in said.parameters or [] if isinstance(item, Parameter) and item.param_in == "path"]
    name = str(said.operation_id)
    examples = _examples().get(name, {})
    codes = route.codes(named)
    either = (route.permission, route.or_permission)
    scopes: list[Json] = [{SCHEME: [permission.value]} for permission in either if permission is not None]
    responses = {
        **{str(status): _answer(answer, examples.get(str(status), {})) for status, answer in route.answers.items()},
        **({"304": _unchanged()} if route.kept else {}),
        **_problems(codes),
    }
    for status, links in links_of(name).items():
        responses[status]["links"] = links
    return {
        "tags": said.tags,
        "summary": said.summary,
        "description": said.description or _description(route),
        "operationId": name,
        "parameters": [*(_path_parameter(item, route.shown.get(item)) for item in named), *_parameters(route)],
        **({} if route.body is None else {"requestBody": _request(route.body, examples.get("request", {}))}),
        "responses": dict(sorted(responses.items())),
        "security": scopes,
    }


def _description(route: Route) -> str:
    if route.permission is None:
        return "Public: no token is needed."
    return f"Needs the permission `{route.permission.value}`, and a token of the force or body that is meant."


def _parameters(route: Route) -> list[Json]:
    found = [item.parameter() for item in route.query]
    text: Json = {"type": "string"}
    if route.if_match is not None:
        tag = '"0198a3de7a52-3"'
        tags = '(?:W/)?"[^"]*"(?:, *(?:W/)?"[^"]*")*'
        schema = {"type": "string", "pattern": f"^{tags}$" if route.must_match else rf"^(?:\*|{tags})$"}
        found.append(_parameter("If-Match", "header", route.if_match, schema, tag, required=route.must_match))
    if route.kept:
        says = "The `ETag` of the answer that is there already: 304 where it still is the answer."
        found.append(_parameter("If-None-Match", "header", says, text, '"0b9e1c"'))
    if route.idempotent:
        says = "The same key and request within 24 hours: one effect, one answer."
        schema = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        found.append(_parameter("Idempotency-Key", "header", says, schema, "upload-2025-11-a"))
    return found


def _parameter(
    name: str, place: str, description: str, schema: Json, example: object = None, *, required: bool = False
) -> Json:
    said = {"name": name, "in": place, "description": description, "required": required, "schema": schema}
    return said if example in (None, "") else {**said, "example": example}


def _path_parameter(name: str, shown: str | None) -> Json:
    description, usual, bounds = _PATH[name]
    return _parameter(name, "path", description, {"type": "string", **bounds}, shown or usual, required=True)


def _request(body: Body, examples: Json) -> Json:
    if not body.rows:
        content = {body.media: _media(_reference(body.shape), examples, body.media)}
        others = {**body.files, **body.texts}
        content |= {media: _media(_file(media, says), examples, media) for media, says in others.items()}
        return {"required": body.required, "content": content}
    rows = {"description": body.rows[JSON], **_reference(f"{body.shape}s")}
    content = {
        media: _media(rows if media == JSON else _file(media, says), examples, media)
        for media, says in body.rows.items()
    }
    return {"required": True, "content": content}


def _file(media: str, says: str) -> Json:
    """The schema of a file: text, or bytes, which JSON has no type for."""
    return (
        {"contentMediaType": media, "description": says} if media in BYTES else {"type": "string", "description": says}
    )


def _answer(answer: Answer, examples: Json) -> Json:
    content = {} if answer.shape is None else {JSON: _media(_reference(answer.shape), examples, JSON)}
    for media, says in answer.other.items():
        content[media] = _media(_file(media, says), examples, media)
    certain = not answer.other or answer.shape is None
    headers = {name: header(name, required=certain) for name in answer.headers}
    headers |= {name: header(name, required=False) for name in answer.sometimes}
    return {"description": answer.says, **({"headers": headers} if headers else {}), "content": content}


def _media(schema: Json, examples: Json, media: str) -> Json:
    return {"schema": schema, **({"example": examples[media]} if media in examples else {})}


def _unchanged() -> Json:
    return {"description": "It is what the caller has.", "headers": {"ETag": header("ETag", required=True)}}


def problem_responses() -> Json:
    """The response that each code is where it is the only one of its status, for ``components.responses``."""
    return {
        _example_name(code, status): _problem(status, (code,))
        for code, meaning in MEANINGS.items()
        for status in meaning.statuses
    }


def _problems(codes: Sequence[str]) -> Json:
    by_status: dict[int, list[str]] = {}
    for code in codes:
        for status in MEANINGS[code].statuses:
            by_status.setdefault(status, []).append(code)
    return {
        str(status): {"$ref": f"#/components/responses/{_example_name(those[0], status)}"}
        if len(those) == 1
        else _problem(status, those)
        for status, those in by_status.items()
    }


def _problem(status: int, codes: Sequence[str]) -> Json:
    headers = {}
    if status in (401, 403):
        headers["WWW-Authenticate"] = header("WWW-Authenticate", required=status == 401)
    if status == 503:
        headers["Retry-After"] = header("Retry-After", required=True)
    examples = {code: {"$ref": f"#/components/examples/{_example_name(code, status)}"} for code in codes}
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{COMPONENT}ProblemDocument"}, "examples": examples}}
    says = TITLES.get(status, "The request was refused")
    return {"description": says, **({"headers": headers} if headers else {}), "content": content}


def _reference(shape: type[Any] | str) -> Json:
    return {"$ref": f"{COMPONENT}{shape if isinstance(shape, str) else shape.__name__}"}
