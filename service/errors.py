"""The one family of errors: what went wrong in a stable code, a sentence, and what to do about it.

No HTTP here: ``service/api/problems.py`` alone decides which status each kind gets. A row's values never stand in
``str(error)``, because exception texts reach logs; what a person may see of a row travels in findings.
"""

from __future__ import annotations


class CaseReturnsError(Exception):
    """Base of every error meant for a person: ``code`` is stable, ``says`` is one sentence, ``do`` what helps."""

    code: str = "error"

    def __init__(self, says: str, do: str = "", *, code: str | None = None) -> None:
        super().__init__(says if not do else f"{says} {do}")
        self.says = says
        self.do = do
        if code is not None:
            self.code = code


class Malformed(CaseReturnsError):
    """The request cannot be read at all: bad JSON, a cut-off body, a bad header."""

    code = "malformed"


class Unauthenticated(CaseReturnsError):
    """No token, or one that is not valid here."""

    code = "unauthenticated"


class Forbidden(CaseReturnsError):
    """Known, but without the permission for this."""

    code = "forbidden"


class NotFound(CaseReturnsError):
    """There is no such thing, or it belongs to another force: the two are told apart to nobody."""

    code = "not-found"


class Conflict(CaseReturnsError):
    """The state of things does not allow it now."""

    code = "conflict"


class PreconditionFailed(CaseReturnsError):
    """``If-Match`` names another state than the present one."""

    code = "precondition-failed"


class PreconditionRequired(CaseReturnsError):
    """This change needs ``If-Match``."""

    code = "precondition-required"


class Invalid(CaseReturnsError):
    """Readable, but not acceptable: a parameter, a body or a condition that breaks a rule."""

    code = "invalid"


class TooLarge(CaseReturnsError):
    """Over a stated bound."""

    code = "too-large"


class UnsupportedMedia(CaseReturnsError):
    """A media type or encoding that this place does not take."""

    code = "unsupported-media"


class NotAcceptable(CaseReturnsError):
    """None of the media types in ``Accept`` is offered here."""

    code = "not-acceptable"


class Unavailable(CaseReturnsError):
    """Something that the service needs is not there now; trying again later helps."""

    code = "unavailable"
