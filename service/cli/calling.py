"""The API as a command calls it with a key file: a token when it is needed, and refusals in words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from service.errors import CaseReturnsError, Conflict, Unavailable

if TYPE_CHECKING:
    import httpx

    from service.identity.clients import ClientKey

SHOWN: Final = 10
"""So many findings, or reasons, are printed."""
_EARLY: Final = timedelta(seconds=60)
"""A token is not used any more when it has only so long to live."""


class Refused(CaseReturnsError):
    """The service said no: its problem document in words."""

    code = "refused"


class Client:
    """One client of the service, of a force or of a national body."""

    def __init__(self, http: httpx.Client, key: ClientKey) -> None:
        self._http, self._key = http, key
        self._until: datetime | None = None
        self._headers: dict[str, str] = {}

    def ask(self, verb: str, url: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """A request and its answer; what the service refuses is raised in its words."""
        answer = self.try_to(verb, url, headers=headers, **more)
        if not answer.is_success:
            raise refusal(answer)
        return answer

    def try_to(self, verb: str, url: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """A request and its answer, whatever that is."""
        import httpx

        self._token()
        try:
            return self._http.request(verb, url, headers={**self._headers, **(headers or {})}, **more)
        except httpx.TransportError as error:
            raise Unavailable(f"The service did not answer: {error}.", "Try again; nothing is sent twice.") from error

    def items(self, url: str, **query: str) -> Iterator[dict[str, Any]]:
        """Everything that is listed there, page by page."""
        while True:
            page = self.ask("GET", url, params=query).json()
            yield from page["items"]
            if page["next"] is None:
                return
            query["cursor"] = page["next"]

    def seal(self, item: str, name: str, role: str) -> dict[str, Any]:
        """Sign the return at this address as it is now; the receipt."""
        tag = self.ask("GET", item).headers["etag"]
        signed = {"declaration": True, "name": name, "role": role}
        receipt: dict[str, Any] = self.ask("POST", f"{item}/seal", json=signed, headers={"If-Match": tag}).json()
        return receipt

    def _token(self) -> str:
        from service.clock import system_clock
        from service.identity.client import fetch_token

        now = system_clock()
        if self._until is None or now >= self._until:
            token = fetch_token(self._key, self._http, now)
            self._until = now + timedelta(seconds=token.expires_in) - _EARLY
            self._headers = {"Authorization": f"Bearer {token.value}"}
        return self._headers["Authorization"].removeprefix("Bearer ")


class Caller(Client):
    """One client of the service at ``origin``. ``returns`` is where the returns of its force are."""

    def __init__(self, http: httpx.Client, key: ClientKey, origin: str) -> None:
        super().__init__(http, key)
        self.force = _force_of(self._token())
        self.returns = f"{origin}/api/forces/{self.force}/returns"


def refusal(answer: httpx.Response) -> CaseReturnsError:
    """The service's problem as an error of ours."""
    try:
        problem = answer.json()
        says, do = str(problem["detail"]), str(problem.get("do", ""))
    except (ValueError, KeyError):
        return Unavailable(f"The service answered {answer.status_code}, but not as it should.", "Try again later.")
    lines = [do] if do else []
    for item in problem.get("errors", [])[:SHOWN]:
        place = item.get("pointer") or item.get("field") or item.get("code") or ""
        words = " ".join(str(item[name]) for name in ("says", "fix", "do") if item.get(name))
        lines.append(f"  {place}: {words}" if place else f"  {words}")
    return (Conflict if answer.status_code == 409 else Refused)(says, "\n".join(lines))


def _force_of(token: str) -> str:
    """The force that a token is for: read, not checked; the service checks it."""
    claims = token.split(".")[1]
    force = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))).get("force")
    if not force:
        raise Refused("This key is not that of a force.", "Returns are a force's: use its key.")
    return str(force)
