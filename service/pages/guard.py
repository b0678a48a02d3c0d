"""What every request for a page must satisfy before anything of it is read.

The demonstration signs people in without a password. So its pages answer this machine alone: the address that asks, the
name that it asked for (another site's name may have been made to point here) and the absence of a proxy are all looked
at. And a form is taken only from a page of our own (``Sec-Fetch-Site`` or ``Origin``), which is decided from headers,
before a large file is read; the session's cookie is ``SameSite=Lax`` besides.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from service.errors import Forbidden, NotFound
from service.identity.principal import NOT_HERE

AnyConnection = ASGIConnection[Any, Any, Any, Any]

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
"""On every page. Nothing inline is allowed, so no text that a force sent can become a script or a style."""


class ForeignForm(Forbidden):
    """A form that was not sent by one of our own pages."""

    code = "foreign-form"

    def __init__(self) -> None:
        super().__init__("This was not sent from a page of this service.", "Open the page here and send it again.")


def is_local(connection: AnyConnection) -> bool:
    """Whether the request comes from this machine, under a name of this machine, with nobody in between."""
    client, host = connection.client, _host_name(connection.headers.get("host", ""))
    if client is None or host is None or any(name in connection.headers for name in _FORWARDED):
        return False
    return is_loopback(client.host) and (host == "localhost" or is_loopback(host))


async def guard(connection: AnyConnection, _: object) -> None:
    """For a router's ``guards``: NotFound for who is not on this machine, ForeignForm for a form from elsewhere."""
    if not is_local(connection):
        raise NotFound(NOT_HERE)
    if connection.scope.get("method") not in _SAFE_METHODS and not is_own_form(connection):
        raise ForeignForm


def is_own_form(connection: AnyConnection) -> bool:
    """Whether a browser says that the request was made by a page of this very origin."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = connection.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == connection.headers.get("host")


def _host_name(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def is_loopback(address: str) -> bool:
    """Whether an address (not a name) is of this machine alone."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
