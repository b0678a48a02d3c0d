"""The ``Idempotency-Key`` of a request (semantics 25)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar

from litestar import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from service.api.asking import AnyRequest
from service.api.call import Call
from service.api.replies import document
from service.audit.adopter import Adopter
from service.errors import Invalid
from service.returns.context import Context
from service.storage.idempotency import Keeping, Known, Once, ToldBefore

T = TypeVar("T")
Tell = Callable[[AsyncConnection, T], Awaitable[Known]]
"""How it is told what came of a request, in the transaction of its effect."""
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


def once_of(call: Call, body: bytes) -> Once | None:
    """What makes this request the same as another: who, where, key, and the digest of what is asked.

    ``body`` is the body, or its digest. None where no key is sent: then each request is one of its own.
    """
    return _once(call.request, call.principal.client_id, body, call.context.now())


def _once(request: AnyRequest, client: str, body: bytes, now: datetime) -> Once | None:
    sent = request.headers.getall("idempotency-key", [])
    if not sent:
        return None
    if len(sent) > 1 or not _KEY.fullmatch(sent[0]):
        raise Invalid(
            "The Idempotency-Key cannot be used.", "Send one, of 1 to 255 printable ASCII characters.", code="bad-key"
        )
    asked = "&".join(f"{name}={value}" for name, value in sorted(request.query_params.multi_items()))
    digest = hashlib.sha256(f"{request.content_type[0]}\n{asked}\n".encode() + body).digest()
    return Once(client=client, method=str(request.method), path=request.url.path, key=sent[0], request=digest, now=now)


async def answered(
    request: AnyRequest,
    context: Context,
    by: Adopter,
    body: bytes,
    tell: Tell[T],
    work: Callable[[Keeping[T] | None], Awaitable[T]],
) -> Response[bytes]:
    """What a request of a national body is answered. With a key the same request has its effect once: ``work`` is
    given how its answer is kept, and is not done again."""
    once = _once(request, by.client, body, context.now())
    if once is None:
        return await told(context, tell, await work(None))
    kept: list[Known] = []

    async def keeping(tx: AsyncConnection, done: T) -> Known:
        kept.append(await tell(tx, done))
        return kept[-1]

    try:
        await work(Keeping(owner=by.body, once=once, tell=keeping))
    except ToldBefore as before:
        return _answer(before.known)
    return _answer(kept[-1])


async def told(context: Context, tell: Tell[T], item: T) -> Response[bytes]:
    """Where something stands, by itself: nothing is done to it."""
    async with context.db.national() as tx:
        return _answer(await tell(tx, item))


def _answer(known: Known) -> Response[bytes]:
    """The answer itself."""
    return document(known.body, status=known.status, etag=known.etag)
