"""The ``Idempotency-Key`` of a request (semantics 25)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from service.api.call import Call
from service.errors import Invalid
from service.returns.idempotency import Once

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


def once_of(call: Call, body: bytes) -> Once | None:
    """What makes this request the same as another: who, where, key, and the digest of what is asked.

    ``body`` is the body, or its digest. None where no key is sent: then each request is one of its own.
    """
    sent = call.request.headers.getall("idempotency-key", [])
    if not sent:
        return None
    if len(sent) > 1 or not _KEY.fullmatch(sent[0]):
        raise Invalid(
            "The Idempotency-Key cannot be used.", "Send one, of 1 to 255 printable ASCII characters.", code="bad-key"
        )
    request = call.request
    asked = "&".join(f"{name}={value}" for name, value in sorted(request.query_params.multi_items()))
    digest = hashlib.sha256(f"{request.content_type[0]}\n{asked}\n".encode() + body).digest()
    return Once(
        client=call.principal.client_id,
        method=str(request.method),
        path=request.url.path,
        key=sent[0],
        request=digest,
        now=call.context.now(),
    )
