"""The pages as one whole: their templates, their style, who may sign in, and what they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader, PrefixLoader, UndefinedError
from litestar import Response
from litestar.datastructures import Cookie
from msgspec import Struct

from service.clock import day_in_words, moment_in_words
from service.identity.people import Person, Sessions
from service.pages.assets import Assets
from service.pages.guard import HEADERS
from service.returns.following import Current
from service.terms.calendar import Period
from service.terms.check import Published

COOKIE: Final = "case-returns-session"
"""On plain http of this machine browsers refuse the prefix ``__Host-``."""


class Told(Struct, frozen=True, kw_only=True):
    """An error as a page tells it: ``errors`` are of rows or fields, ``reference`` is for whoever runs the service."""

    status: int
    title: str
    says: str
    do: str = ""
    code: str = "error"
    errors: Sequence[Mapping[str, Any]] = ()
    reference: str | None = None


class Site(Struct, frozen=True, kw_only=True):
    """What every page is given. ``told`` says of any error what a person is to read."""

    current: Current
    published: Published
    people: Sequence[Person]
    sessions: Sessions
    told: Callable[[Exception], Told]
    assets: Assets
    templates: Environment
    max_upload_bytes: int

    def page(
        self, template: str, /, *, status: int = 200, person: Person | None = None, here: str = "", **given: Any
    ) -> Response[str]:
        """A page. ``here`` names its entry of the navigation, as ``base.html`` has it, or none."""
        text = self.templates.get_template(template).render(person=person, here=here, **given)
        return Response(text, status_code=status, media_type="text/html", headers=HEADERS)

    def person_named(self, name: str) -> Person | None:
        """One of those who can sign in, by their identifier."""
        return next((person for person in self.people if person.id == name), None)


def site_of(
    current: Current,
    published: Published,
    people: Sequence[Person],
    *,
    told: Callable[[Exception], Told],
    max_upload_bytes: int,
) -> Site:
    """The site of a running service, for these people. Raises AssetsMissing where the package was not built whole."""
    assets = Assets()
    return Site(
        current=current,
        published=published,
        people=people,
        sessions=Sessions(current.clock),
        told=told,
        assets=assets,
        templates=_templates(assets),
        max_upload_bytes=max_upload_bytes,
    )


def session_cookie(value: str) -> Cookie:
    """The cookie of a session; it ends with the browser. Not ``Secure``: plain http on one machine."""
    return Cookie(key=COOKIE, value=value, path="/", httponly=True, samesite="lax")


class _Missing(ChainableUndefined):
    """A value that is missing: the components may ask whether it is there, but it never becomes an empty text."""

    def __str__(self) -> str:
        raise UndefinedError(self._undefined_message)

    __html__ = __str__


def _templates(assets: Assets) -> Environment:
    """Every value is escaped, and one that is missing is an error: a page never shows an empty place for a number."""
    components = PackageLoader("govuk_frontend_jinja")
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("service.pages"), PrefixLoader({"govuk_frontend_jinja": components})],
        ),
        autoescape=True,
        undefined=_Missing,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = assets.address
    environment.filters |= {"number": number, "day": day, "moment": moment, "month": month}
    return environment


def number(value: int) -> str:
    """``43,950``."""
    return f"{value:,}"


def day(value: date) -> str:
    """``7 March 2026``."""
    return day_in_words(value)


def month(value: Period | str) -> str:
    """``November 2025`` for the period ``2025-11``."""
    year, _, number_of = str(value).partition("-")
    return f"{date(int(year), int(number_of), 1):%B %Y}"


def moment(value: datetime) -> str:
    """``7 March 2026 at 14:05``, in London."""
    return moment_in_words(value)
