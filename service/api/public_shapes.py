"""The forms of the public documents and of the issuer's answers, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from service.api.shapes import Day, Hash, Next

Links = Annotated[dict[str, str], Meta(description="Paths, or templates of paths.")]


class Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a published document is made of."""


class LinksDocument(Shape):
    """Where everything is."""

    name: str
    terms: str
    links: Links


class ContractLine(Shape):
    """A contract version in the list."""

    version: str
    title: str
    state: Literal["draft", "published", "deprecated", "retired"]
    hash: Hash
    links: Links


class ContractList(Shape):
    """Contract versions."""

    items: list[ContractLine]
    next: Next


class DerivedShown(Shape):
    """The value that follows where a condition is true and the force itself said nothing; ``words``: in English."""

    value: str
    when: str
    words: str


class FieldShown(Shape):
    """A field: what it means and what may stand in it."""

    name: str
    type: Literal["text", "code", "codes", "number", "decimal", "date"]
    label: str
    meaning: str
    example: str
    required: bool
    exact: bool
    dimension: bool
    not_applicable: bool
    since: str
    role: str | UnsetType = UNSET
    list: str | UnsetType = UNSET
    least: int | str | UnsetType = UNSET
    greatest: int | str | UnsetType = UNSET
    pattern: str | UnsetType = UNSET
    derived: tuple[DerivedShown, ...] | UnsetType = UNSET


class PartShown(Shape):
    """A part of a return and its fields."""

    part: Literal["case", "aggregate", "workforce"]
    title: str
    row_is: str
    fields: list[FieldShown]


class SetShown(Shape):
    """A named set of codes, and how words call it; ``left_out`` are those of which the list says that it depends."""

    name: str
    title: str
    list: str
    codes: tuple[str, ...]
    left_out: tuple[str, ...]


class MeasureShown(Shape):
    """A number about the whole return that macro rules speak of, or what rules say of a case beside others. ``counts``:
    what is counted over a field of all cases, unknown where fewer than ``at_least`` say anything. ``previous``: the
    field as the case had it in the sealed return before. ``alike``: how many other cases have the same exact values."""

    name: str
    title: str
    meaning: str
    counts: Literal["same", "first_of_month", "first_of_year", "fives"] | UnsetType = UNSET
    field: str | UnsetType = UNSET
    at_least: int | UnsetType = UNSET
    previous: str | UnsetType = UNSET
    alike: tuple[str, ...] | UnsetType = UNSET


class RuleNoticeShown(Shape, rename={"start": "from"}):
    """A rule notice in force for a rule: how it is treated from which day on, and until which."""

    id: str
    severity: Literal["off", "validity", "quality", "macro"]
    start: Day
    until: Day | None
    links: Links


class RuleShown(Shape):
    """A validation rule: a condition that must not be true (``when``), or what reading finds (``check``).

    ``words``: when it is found, in English, made from the condition. ``until``: the last day on which it is asked.
    """

    id: str
    parts: list[str]
    severity: Literal["syntactical", "validity", "quality", "macro"]
    when: str | None
    check: str | None
    words: str
    fields: list[str]
    says: str
    fix: str
    guidance: str
    since: str
    until: Day | None
    notices: list[RuleNoticeShown]


class ContractDocument(Shape):
    """A contract version: everything that a force's system needs to write a return."""

    version: str
    title: str
    state: Literal["draft", "published", "deprecated", "retired"]
    hash: Hash
    links: Links
    parts: list[PartShown]
    lists: Links
    sets: list[SetShown]
    measures: list[MeasureShown]
    rules: list[RuleShown]


class RowSchema(Struct, kw_only=True, omit_defaults=True, rename={"dialect": "$schema", "address": "$id"}):
    """A row of one part as JSON Schema 2020-12."""

    dialect: Annotated[str, Meta(description="The version of JSON Schema.")]
    address: Annotated[str, Meta(description="Where this schema stands.")]
    type: Literal["object"]
    title: str
    description: str
    properties: Annotated[dict[str, dict[str, Any]], Meta(description="What each field may be, by its name.")]
    required: Annotated[list[str], Meta(description="Fields that every row has.")] = []


class CodeListLine(Shape):
    """A code list in the list of them."""

    list: str
    title: str
    hash: Hash
    links: Links


class CodeLists(Shape):
    """Code lists."""

    items: list[CodeListLine]
    next: Next


class CodeShown(Shape):
    """A code; ``members`` where it stands for exactly that set of others."""

    code: str
    title: str
    columns: dict[str, str]
    members: list[str]


class CodeListDocument(Shape):
    """A code list with where it comes from."""

    list: str
    title: str
    source: str
    hash: Hash
    codes: tuple[CodeShown, ...]


class MeaningDocument(Shape):
    """What a code of an error means. ``statuses`` are those it is answered with; none where only commands say it."""

    type: Annotated[str, Meta(pattern="^/problems/[a-z][a-z-]*$")]
    code: str
    titles: list[str]
    statuses: list[int]
    means: str
    do: str


class TokenForm(Shape):
    """Client credentials by a signed assertion (RFC 7523, private_key_jwt)."""

    grant_type: Literal["client_credentials"]
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    client_assertion: Annotated[
        str,
        Meta(
            description="A JWT signed with the client's key: iss and sub the client, aud the token endpoint, jti, exp."
        ),
    ]
    scope: Annotated[str, Meta(description="Permissions with spaces between; otherwise all that the client has.")] = ""
    resource: Annotated[str, Meta(description="The API, as its metadata names it (RFC 8707).")] = ""
    client_id: Annotated[str, Meta(description="If sent, that of the assertion.")] = ""


class TokenDocument(Shape):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class TokenRefusal(Struct, kw_only=True):
    """Why there is no token (RFC 6749, 5.2)."""

    error: str
    error_description: str | UnsetType = UNSET


class KeyShown(Struct, kw_only=True):
    """A public key (RFC 7517)."""

    kty: str
    kid: str
    alg: str | UnsetType = UNSET
    use: str | UnsetType = UNSET


class KeySetDocument(Struct, kw_only=True):
    """The keys that access tokens may be signed with now."""

    keys: list[KeyShown]


class IssuerDocument(Shape):
    """The issuer's metadata (RFC 8414)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    scopes_supported: list[str]


class ResourceDocument(Shape):
    """The service's metadata (RFC 9728)."""

    resource: str
    authorization_servers: list[str]
    scopes_supported: list[str]
    bearer_methods_supported: list[str]
    resource_name: str
