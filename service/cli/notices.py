"""Rule notices in a file, for commands that work where the service is not: read, checked against keys, applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from service.contract.model import Contract, Part
from service.contract.not_run import NotRun
from service.contract.notices import SIGNED_TYPE, Notice, noticed
from service.errors import Invalid

if TYPE_CHECKING:
    from joserfc.jwk import Key

_ADOPTED: Final = ("in_force", "superseded")
_SAID = tuple(field.encode_name for field in msgspec.structs.fields(Notice))


class BadNotices(Invalid):
    """A file of notices, or of keys, that cannot be used."""

    code = "bad-notices"


class Applied(Struct, frozen=True, kw_only=True):
    """A contract with the rules of a day. ``note`` says which notices hold and whether their signatures were checked;
    ``not_asked`` the rules of a part that are off."""

    contract: Contract
    note: str | None

    def not_asked(self, published: Contract, part: Part) -> tuple[NotRun, ...]:
        """The rules of this part that are not asked on that day."""
        return tuple(
            NotRun(rule, f"it is off under notice {found.notice}" if found.notice else "its last day has passed")
            for rule, found in self.contract.deviations.items()
            if found.severity is None and part.name in published.rule[rule].parts
        )


def applied(contract: Contract, file: Path | None, keys: Path | None, day: date) -> Applied:
    """The contract as the notices of a file have it on a day; without a file only rules that have ended are left out.

    With ``keys`` (a JWKS file, what ``/oauth/jwks`` answers) every notice must be signed by one of them.
    """
    if file is None:
        return Applied(contract=noticed(contract, (), day), note=None)
    known = None if keys is None else _keys_in(keys)
    made = noticed(contract, adopted_in(_documents(file), known), day)
    holding = sorted({each.notice for each in made.deviations.values() if each.notice is not None})
    checked = (
        "their signatures hold"
        if known is not None
        else "their signatures are not checked: --keys with what /oauth/jwks answers does that"
    )
    return Applied(contract=made, note=f"Rule notices that hold today: {', '.join(holding) or 'none'}; {checked}.")


def _documents(file: Path) -> list[dict[str, Any]]:
    """The notices of a file: an answer of ``/api/rule-notices``, or one notice."""
    try:
        content = msgspec.json.decode(file.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadNotices(f"{file.name} is not JSON.", "Save what /api/rule-notices answers.") from error
    items = content.get("items", [content]) if isinstance(content, dict) else content
    if not isinstance(items, list) or not all(isinstance(item, dict) and "state" in item for item in items):
        raise BadNotices(f"{file.name} holds no rule notices.", "Save what /api/rule-notices answers.")
    return items


def adopted_in(documents: Iterable[Mapping[str, Any]], keys: Mapping[str, Key] | None = None) -> list[Notice]:
    """Those of some notices, as the service shows them, that came into force, in the order in which they did. Those
    count that another had replaced when they were shown: which of them hold is asked for the day of a check."""
    found = [_notice(each, keys) for each in documents if each["state"] in _ADOPTED]
    return [notice for _, notice in sorted(found, key=lambda pair: pair[0])]


def _notice(document: Mapping[str, Any], keys: Mapping[str, Key] | None) -> tuple[int, Notice]:
    """A notice with its position, as it is signed where there are keys."""
    from service.identity.jose import BadToken, verified_claims
    from service.identity.keys import SIGNING_ALGORITHM

    said: Mapping[str, Any] = document
    name = str(document.get("id"))
    if keys is not None:
        try:
            said = verified_claims(
                str(document.get("signature")),
                find_key=lambda header: keys.get(str(header.get("kid"))),
                algorithms=[SIGNING_ALGORITHM],
                types=[SIGNED_TYPE],
            )
        except BadToken as error:
            raise BadNotices(
                f"The signature of notice {name} does not hold: {error}.", "Get both files anew."
            ) from error
        if any(said.get(member) != document.get(member) for member in (*_SAID, "position")):
            raise BadNotices(f"Notice {name} says something else than what is signed.", "Get the file anew.")
    try:
        notice = msgspec.convert({member: said[member] for member in _SAID if member in said}, Notice)
        return msgspec.convert(said.get("position"), int), notice
    except msgspec.ValidationError as error:
        raise BadNotices(f"Notice {name} cannot be read.", "Save what /api/rule-notices answers.") from error


def _keys_in(file: Path) -> dict[str, Key]:
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        found = KeySet.import_key_set(msgspec.json.decode(file.read_bytes()))
    except (msgspec.DecodeError, JoseError, ValueError, TypeError, KeyError) as error:
        raise BadNotices(f"{file.name} holds no keys.", "Save what /oauth/jwks answers.") from error
    return {str(key.kid): key for key in found.keys}
