"""What routes need through which the two bodies adopt something together: who speaks, and the key that signs it."""

from __future__ import annotations

import asyncio
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import TypeVar

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from service.api.asking import AnyRequest, converted, entity_tags, if_match, refuse_encoded
from service.audit.adopter import Adopter, Sign
from service.contract.written import JSON, LARGEST, YAML
from service.errors import Forbidden, TooLarge, UnsupportedMedia
from service.identity.keys import SigningKeys
from service.identity.principal import Permission, Principal, require

T = TypeVar("T")
Keys = NamedDependency[SkipValidation[SigningKeys]]
"""How a route asks for the keys of this service: ``signing: Keys``."""


def adopter_of(principal: Principal, permission: Permission, what: str) -> Adopter:
    """Who speaks for a body about *rule notices*, *scope editions*; a force's client never does, whatever an issuer
    gave it."""
    require(principal, permission)
    if principal.body is None:
        raise Forbidden(f"{what} are for the national bodies to adopt.", "Call as one of them.")
    return Adopter(client=principal.client_id, body=principal.body)


def sign_of(signing: SigningKeys, kind: str) -> Sign:
    """Signs with the keys of this service what a body says, under a ``typ`` of its own."""
    return lambda said: signing.sign(dict(said), kind)


def seen_of(request: AnyRequest) -> tuple[str, ...] | None:
    """The tags of ``If-Match``; None without the header. A star is no tag: one changes what one saw."""
    return None if if_match(request, "") is None else entity_tags(request, "if-match")


async def sent_draft(request: AnyRequest, read: Callable[[bytes, str], T], shape: type, what: str) -> tuple[T, bytes]:
    """The draft that was sent, read by ``read``, of its bytes and media type, and the bytes; ``shape`` is what it is as
    JSON."""
    media, options = request.content_type
    if media not in (YAML, JSON) or options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMedia(f"This path takes one {what}.", f"Send Content-Type: {YAML}, or {JSON}.")
    refuse_encoded(request)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST:
            raise TooLarge(f"A draft may have {LARGEST:,} bytes.", "Say it in fewer words.")
    found = await asyncio.to_thread(read, bytes(content), media)
    if media == JSON:
        converted(msgspec.json.decode(bytes(content).removeprefix(BOM_UTF8)), shape)  # a number is no text there
    return found, bytes(content)
