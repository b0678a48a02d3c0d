"""What people typed into a form, kept until it is taken: what is wrong with it, and the key that makes it work once."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from service.errors import (
    CaseReturnsError,
    Conflict,
    Invalid,
    Malformed,
    PreconditionFailed,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
)
from service.pages.visit import AnyRequest, Visit
from service.storage.idempotency import KEY_REUSED, Once

KEY: Final = "key"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_FORM: Final = "application/x-www-form-urlencoded"

REFUSALS: Final = (Conflict, Invalid, Malformed, PreconditionFailed, TooLarge, Unavailable, UnsupportedMedia)
"""What a form is shown again for, with what was typed, instead of a page that only says the error."""


class Typed(Struct, frozen=True):
    """What was typed or chosen, by the name of the field; line ends are those of text, not of the wire."""

    values: Mapping[str, Sequence[str]]

    def one(self, name: str, default: str = "") -> str:
        """The last value of a field, without blanks around it."""
        return (self.values.get(name) or [default])[-1].strip()

    def many(self, name: str) -> Sequence[str]:
        """Every value of a field: of boxes, those that are ticked."""
        return self.values.get(name, ())


NOTHING: Final = Typed({})


class Problem(Struct, frozen=True):
    """Something that keeps a form from being taken; ``field`` is the id of the element that it leads to."""

    field: str
    says: str


class Problems(Struct, frozen=True):
    """All that is wrong with a form, in the order of its fields."""

    found: Sequence[Problem] = ()

    def of(self, field: str) -> str | None:
        """What is said beside a field."""
        return next((problem.says for problem in self.found if problem.field == field), None)

    @property
    def listed(self) -> list[dict[str, str]]:
        """For the error summary."""
        return [{"text": problem.says, "href": f"#{problem.field}"} for problem in self.found]

    def __bool__(self) -> bool:
        return bool(self.found)


FINE: Final = Problems()


def too_long(field: str, words: str, most: int) -> list[Problem]:
    """The problem of words that are too long to be kept; none where they fit."""
    fits = len(words) <= most
    return [] if fits else [Problem(field, f"Write {most:,} characters or fewer: these are {len(words):,}")]


def others_wait(what: str) -> Problems:
    """An answer for all that wait, by somebody who saw others: *cases*, *rows*."""
    return Problems(
        [
            Problem(
                "which",
                f"Other {what} wait now than when you opened this page, so nothing was stored. "
                "Look at them below, and send it again if it still stands.",
            )
        ]
    )


async def typed(request: AnyRequest) -> Typed:
    """The form that was sent. Not by Litestar, which keeps the last thousand forms in memory, words and references."""
    if request.content_type[0] != _FORM:
        raise UnsupportedMedia("This is not a form of these pages.", "Open the page and send its form.")
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=20_000)
    except ValueError:
        raise Malformed("The form cannot be read.", "Open the page again, and send its form.") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\x00" in value:
            raise Malformed("The form holds a character that cannot be kept.", "Type the words in again.")
        values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Typed(values)


def new_key() -> str:
    """A key for a form that is about to be shown: sent twice, it has its effect once."""
    return secrets.token_urlsafe(18)


def once_of(visit: Visit, sent: Typed, body: bytes = b"") -> Once:
    """What makes a form the same as another: who, where, its key, and everything that it says."""
    said = sorted((name, list(values)) for name, values in sent.values.items())
    return once_with(visit, sent.one(KEY), hashlib.sha256(msgspec.json.encode(said) + body).digest())


def once_with(visit: Visit, key: str, request: bytes = b"", path: str | None = None) -> Once:
    """The same for a key alone; ``path`` where the form was sent to another address than the present one."""
    if not _KEY.fullmatch(key):
        raise Malformed("The form is not whole.", "Open the page again, and send its form.")
    return Once(
        client=visit.person.principal.client_id,
        method="POST",
        path=path or visit.request.url.path,
        key=key,
        request=request,
        now=visit.context.now(),
    )


def refused(visit: Visit, error: CaseReturnsError, field: str) -> tuple[Problems, int]:
    """A refusal of the service as the problem of a form, in words for people, and its status."""
    told = visit.site.told(error)
    says = _SAID_BETTER.get(error.code) or f"{told.says} {told.do}".strip()
    return Problems([Problem(field, says)]), told.status


_SAID_BETTER: Final[Mapping[str, str]] = {
    "draft-moved": (
        "The return changed since you opened this page, so nothing was stored. "
        "Look at it again below, and send it again if it still stands."
    ),
    KEY_REUSED: (
        "This form was sent before, with other content. Nothing more was stored: check it, and send it again."
    ),
    "not-open": "The return is not in progress any more: it was sealed or withdrawn. Nothing was stored.",
}
"""Codes whose words in the API speak to a program."""
