"""Makes answers: JSON with its entity tag, lists with their cursor, public documents, streamed rows."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import IO, Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.response import Stream

from service.api.asking import JSON, AnyRequest, entity_tags
from service.contract.sheet import XLSX

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
ZIP: Final = "application/zip"
BYTES: Final = (XLSX, ZIP)
"""Media that are no text."""
ENDINGS: Final = {CSV: "csv", NDJSON: "ndjson", XLSX: "xlsx"}
"""By media type, what the name of a file ends with."""
_CHUNK: Final = 1 << 16
PUBLIC_SECONDS: Final = 60
"""For how long a public document may be kept without asking again."""


def document(
    content: object, *, status: int = 200, etag: str | None = None, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """A JSON answer."""
    given = dict(headers or {}) | ({"ETag": etag} if etag is not None else {})
    return Response(msgspec.json.encode(content), status_code=status, media_type=JSON, headers=given)


def listed(
    request: AnyRequest,
    items: Sequence[object],
    following: str | None,
    *,
    etag: str | None = None,
    more: Mapping[str, object] | None = None,
) -> Response[bytes]:
    """A page of a list: ``{"items", "next"}``, with the address of the next page in ``Link``, and what is told
    besides."""
    headers = {}
    if following is not None:
        query = {name: value for name, value in request.query_params.items() if name != "cursor"}
        headers["Link"] = f'<{request.url.path}?{urlencode({**query, "cursor": following})}>; rel="next"'
    return document({"items": items, "next": following, **(more or {})}, etag=etag, headers=headers)


def public(request: AnyRequest, content: object, *, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """A document for everyone, which anyone may keep for a while: 304 to those who have it already."""
    return public_bytes(request, msgspec.json.encode(content), JSON, more=headers)


def public_bytes(
    request: AnyRequest, body: bytes, media: str, *, name: str | None = None, more: Mapping[str, str] | None = None
) -> Response[bytes]:
    """The same for what is encoded already. The tag is the digest of the bytes; ``name`` is what a browser saves it
    as."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={PUBLIC_SECONDS}"} | dict(more or {})
    if name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    known = {tag.removeprefix("W/") for tag in entity_tags(request, "if-none-match")}
    if etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers, media_type=media)
    return Response(body, headers=headers, media_type=media)


async def streamed(
    blocks: AsyncIterator[bytes], media: str, *, name: str, headers: Mapping[str, str] | None = None
) -> Stream:
    """An answer that is sent as it is made. The first block is made before, so that an error is still a problem."""
    first = await anext(blocks, b"")

    async def sent() -> AsyncIterator[bytes]:
        try:
            if first:
                yield first
            async for block in blocks:
                yield block
        finally:
            await blocks.aclose()  # type: ignore[attr-defined]  # a generator: it gives its transaction back

    given = {"Content-Disposition": f'attachment; filename="{name}"', **(headers or {})}
    return Stream(sent(), media_type=media, headers=given)


def sent_file(file: IO[bytes], media: str, *, name: str, headers: Mapping[str, str] | None = None) -> Stream:
    """A file that was made for this answer, and is closed when it is sent."""

    async def sent() -> AsyncIterator[bytes]:
        with file:
            while chunk := file.read(_CHUNK):
                yield chunk

    given = {"Content-Disposition": f'attachment; filename="{name}"', **(headers or {})}
    return Stream(sent(), media_type=media, headers=given)


def ndjson_block(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as lines of JSON."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
