"""What everyone may read without a token: contracts, code lists. All of it may be kept.

These documents are what forces' systems are written against. Nothing here depends on who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import Operation
from litestar.params import FromPath, SkipValidation

from service.api.ageing import AGEING, ageing_headers
from service.api.asking import AnyRequest, parameters
from service.api.call import Serving
from service.api.change_shapes import ChangesDocument
from service.api.documented import Answer, operation
from service.api.meanings import MEANINGS
from service.api.public_documents import (
    PART_PATHS,
    changes_document,
    contract_document,
    head,
    list_document,
    meaning_document,
    row_schema,
)
from service.api.public_shapes import (
    CodeListDocument,
    CodeLists,
    ContractDocument,
    ContractList,
    LinksDocument,
    MeaningDocument,
    RowSchema,
)
from service.api.replies import CSV, ZIP, public, public_bytes
from service.contract.changes import changes_of
from service.contract.sheet import XLSX
from service.contract.template import empty_csv, kept_workbook
from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.kit.archive import kept_archive
from service.notices.store import notices_in_force
from service.returns.context import Context
from service.terms.check import Published

T = TypeVar("T")
Given = NamedDependency[SkipValidation[Published]]


def _public(shape: type[Any], says: str, *, sometimes: tuple[str, ...] = (), **shown: str) -> type[Operation]:
    return operation(
        Answer(shape=shape, says=says, headers=("ETag", "Cache-Control"), sometimes=sometimes),
        kept=True,
        shown=shown,
        refusals=("parameter", "unavailable"),
    )


class PublicController(Controller):
    """The published documents."""

    path = "/api"
    tags = ["public"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Where everything is",
        operation_class=_public(LinksDocument, "The links."),
        operation_id="getLinks",
    )
    async def links(self, request: AnyRequest, context: Serving) -> Response[bytes]:
        parameters(request)
        return public(request, _links(context))

    @get(
        "/contracts",
        summary="Contract versions",
        operation_class=_public(ContractList, "The versions."),
        operation_id="listContracts",
    )
    async def list_contracts(self, request: AnyRequest, context: Serving) -> Response[bytes]:
        parameters(request)
        items = [head(contract) for contract in context.library.contracts.values()]
        return public(request, {"items": items, "next": None})

    @get(
        "/contracts/{version:str}",
        summary="One contract version: parts and fields, code lists, rules",
        operation_class=_public(ContractDocument, "The version.", sometimes=AGEING),
        operation_id="getContract",
    )
    async def get_contract(self, request: AnyRequest, context: Serving, version: FromPath[str]) -> Response[bytes]:
        parameters(request)
        contract = _one(context.library.contracts, version)
        async with context.db.app() as tx:
            notices = await notices_in_force(tx)
        headers = ageing_headers(context.terms, version)
        return public(request, contract_document(contract, notices), headers=headers)

    @get(
        "/contracts/{version:str}/changes",
        summary="What a contract version changes in the one before it",
        description="Fields, code lists, named sets, rules and measures; of each what an older record says in this "
        "version, and what a newer one says in the version before. Public: no token is needed.",
        operation_class=_public(ChangesDocument, "The changes.", version="2026.1"),
        operation_id="getChanges",
    )
    async def get_changes(self, request: AnyRequest, context: Serving, version: FromPath[str]) -> Response[bytes]:
        parameters(request)
        contract = _one(context.library.contracts, version)
        return public(request, changes_document(changes_of(context.library, contract.version)))

    @get(
        "/contracts/{version:str}/schema/{part:str}",
        summary="A row of one part as JSON Schema",
        description="JSON Schema 2020-12 of a row as a force may send it, for use without the service. What a schema "
        "cannot say, and what the rules ask across fields, `case-returns validate` finds. Public: no token is needed.",
        operation_class=_public(RowSchema, "The schema."),
        operation_id="getRowSchema",
    )
    async def get_row_schema(
        self, request: AnyRequest, context: Serving, version: FromPath[str], part: FromPath[str]
    ) -> Response[bytes]:
        parameters(request)
        contract = _one(context.library.contracts, version)
        found = contract.part(_one(PART_PATHS, part))
        return public(request, row_schema(contract, found, f"/api/contracts/{version}/schema/{part}"))

    @get(
        "/contracts/{version:str}/template/{file:str}",
        summary="An empty sheet of one part, to be filled in and sent",
        description="As a workbook: typed cells, drop-down lists of the codes, guidance beside the rows, and a column "
        "for notes that is not read. As CSV: the heading. Public: no token is needed.",
        operation_class=operation(
            Answer(
                shape=None,
                says="The template.",
                headers=("ETag", "Cache-Control", "Content-Disposition"),
                other={CSV: "The names of the fields, as one line.", XLSX: "A workbook; its first sheet is for rows."},
            ),
            kept=True,
            refusals=("parameter", "unavailable"),
        ),
        operation_id="getTemplate",
    )
    async def get_template(
        self, request: AnyRequest, context: Serving, version: FromPath[str], file: FromPath[str]
    ) -> Response[bytes]:
        parameters(request)
        contract = _one(context.library.contracts, version)
        word, _, form = file.partition(".")
        part = contract.part(_one(PART_PATHS, word))
        name = f"{word}-{contract.version}.{form}"
        if form == "csv":
            return public_bytes(request, empty_csv(part), CSV, name=name)
        if form != "xlsx":
            raise NotFound(NOT_HERE)
        return public_bytes(request, await asyncio.to_thread(kept_workbook, contract, part), XLSX, name=name)

    @get(
        "/contracts/{version:str}/kit",
        summary="The conformance kit of a version, as one archive",
        description="Files of every medium with exactly what must be found in each and what it must count to, an "
        "example for every rule, and a README for suppliers. Public: no token is needed.",
        operation_class=operation(
            Answer(
                shape=None,
                says="The kit.",
                headers=("ETag", "Cache-Control", "Content-Disposition"),
                other={ZIP: "A ZIP archive; `kit.json` in it says what it is."},
            ),
            kept=True,
            refusals=("parameter", "unavailable"),
        ),
        operation_id="getKit",
    )
    async def get_kit(
        self, request: AnyRequest, published: Given, context: Serving, version: FromPath[str]
    ) -> Response[bytes]:
        parameters(request)
        contract = _one(context.library.contracts, version)
        scopes = {name: published.scopes[name] for name in context.library.scopes}  # those that come with the kit alone
        made = await asyncio.to_thread(kept_archive, context.library, scopes, version)
        return public_bytes(request, made.content, ZIP, name=f"kit-{contract.version}-{made.hash[:12]}.zip")

    @get("/codes", summary="Code lists", operation_class=_public(CodeLists, "The lists."), operation_id="listCodeLists")
    async def list_codes(self, request: AnyRequest, context: Serving) -> Response[bytes]:
        parameters(request)
        items = [
            {"list": item.name, "title": item.title, "hash": item.hash, "links": {"self": f"/api/codes/{item.name}"}}
            for item in context.library.lists.values()
        ]
        return public(request, {"items": items, "next": None})

    @get(
        "/codes/{name:str}",
        summary="One code list with its source",
        operation_class=_public(CodeListDocument, "The list."),
        operation_id="getCodeList",
    )
    async def get_codes(self, request: AnyRequest, context: Serving, name: FromPath[str]) -> Response[bytes]:
        parameters(request)
        return public(request, list_document(_one(context.library.lists, name)))


@get(
    "/problems/{code:str}",
    summary="What the type of a problem means, and what to do",
    description="The `type` of every problem is the path of its line here. Public: no token is needed.",
    operation_id="getProblem",
    tags=["public"],
    operation_class=_public(MeaningDocument, "Its meaning."),
)
async def get_problem(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """What a code means."""
    parameters(request)
    return public(request, meaning_document(code, _one(MEANINGS, code)))


def _links(context: Context) -> dict[str, Any]:
    return {
        "name": "Case Returns",
        "terms": context.terms.edition,
        "links": {
            "openapi": "/api/openapi.json",
            "problem": "/problems/{code}",
            "terms": "/api/terms",
            "contracts": "/api/contracts",
            "codes": "/api/codes",
            "scopes": "/api/scopes",
            "rule_notices": "/api/rule-notices",
            "returns": "/api/forces/{force}/returns",
            "picture": "/api/national/picture",
            "token": "/oauth/token",
            "authorization_server": "/.well-known/oauth-authorization-server",
            "protected_resource": "/.well-known/oauth-protected-resource",
            "ready": "/health/ready",
        },
    }


def _one(known: Mapping[str, T], name: str) -> T:
    found = known.get(name)
    if found is None:
        raise NotFound(NOT_HERE)
    return found
