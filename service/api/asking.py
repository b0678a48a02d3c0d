"""Reads what a request asks, strictly: query parameters, JSON bodies, entity tags, cursors.

A parameter or a member that is not known is refused with the closest one: a slip of the pen must never widen or change
what is done. Values that were sent do not come back in an answer.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import Request

from service.errors import Invalid, Malformed, TooLarge, UnsupportedMedia

AnyRequest = Request[Any, Any, Any]
T = TypeVar("T")

Place = Annotated[int, msgspec.Meta(ge=-1, le=2_147_483_647)]
"""A number in a cursor, as the store counts rows."""

JSON: Final = "application/json"
LONGEST_JSON: Final = 1_000_000
"""In bytes: an ordinary body. Rows are streamed and have a bound of their own."""
LONGEST_PARAMETER: Final = 2_000
MOST_ROWS: Final = 1_000
"""The longest page of a list."""
USUAL_ROWS: Final = 200

_TAGS: Final = re.compile(r'\*|(?:W/)?"[^"]*"(?:[ \t]*,[ \t]*(?:W/)?"[^"]*")*')
"""What ``If-Match`` may say (RFC 9110, 13.1.1)."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_EXACT: Final = 2**53
"""Below it a double says every whole number exactly."""
_LONGEST_NUMBER: Final = 300
"""Digits in one number of a body; more is an attack on the reader, not a number of ours."""


class BodyRefused(Invalid):
    """A body that is JSON and not what is expected here: ``errors`` says where, by JSON Pointer."""

    code = "body"

    def __init__(self, pointer: str, says: str, fix: str) -> None:
        super().__init__("The body is not what is expected here.", "Mend what errors names.")
        self.errors: tuple[Mapping[str, Any], ...] = ({"pointer": pointer, "says": says, "fix": fix},)


class ParameterRefused(Invalid):
    """A query parameter that is not known here, stands twice, or has a value that cannot be."""

    code = "parameter"

    def __init__(self, name: str | None, says: str, fix: str) -> None:
        super().__init__(says, fix)
        found: dict[str, Any] = {"says": says, "fix": fix}
        if name is not None:
            found["field"] = name
        self.errors: tuple[Mapping[str, Any], ...] = (found,)


def parameters(request: AnyRequest, *known: str) -> dict[str, str]:
    """The query parameters, each at most once; one that is not known is refused with the closest that is."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise _unknown(name, known)
        if name in found:
            raise ParameterRefused(name, f"The parameter {name} stands twice.", "Send it once.")
        if len(value) > LONGEST_PARAMETER or _UNSTORABLE.search(value):
            raise ParameterRefused(name, f"The value of {name} is not text that can be taken.", "Send plain text.")
        found[name] = value
    return found


def chosen(asked: Mapping[str, str], name: str, offered: Sequence[str], default: str | None = None) -> str | None:
    """One of a few words, or the default where the parameter is not there."""
    value = asked.get(name)
    if value is None:
        return default
    if value not in offered:
        raise ParameterRefused(name, f"{name} has a value that is not offered.", f"One of: {', '.join(offered)}.")
    return value


def yes(asked: Mapping[str, str], name: str) -> bool:
    """A parameter that is ``true`` or ``false``, false where it is not there."""
    return chosen(asked, name, ("true", "false"), "false") == "true"


def whole(asked: Mapping[str, str], name: str, least: int, greatest: int) -> int | None:
    """A whole number within bounds, None where the parameter is not there."""
    text = asked.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", text) or not text.isascii() or not least <= int(text) <= greatest:
        raise ParameterRefused(name, f"{name} is not such a number.", f"Send {least} to {greatest}.")
    return int(text)


def page_size(asked: Mapping[str, str]) -> int:
    """How many items a page of a list is to have."""
    return whole(asked, "limit", 1, MOST_ROWS) or USUAL_ROWS


def cursor(asked: Mapping[str, str], kind: type[T]) -> T | None:
    """Where to go on, as ``next`` gave it; nothing else can be read out of it or into it."""
    text = asked.get("cursor")
    if text is None:
        return None
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise _not_given_here() from None
    if not _can_be_asked(msgspec.to_builtins(place)):
        raise _not_given_here()
    return place


def _not_given_here() -> ParameterRefused:
    return ParameterRefused("cursor", "This cursor was not given here.", "Take it from next, unchanged.")


def _can_be_asked(place: Any) -> bool:
    """Whether the store can compare with what stands in a cursor."""
    if isinstance(place, list | tuple):
        return all(map(_can_be_asked, place))
    return not isinstance(place, str) or _UNSTORABLE.search(place) is None


def cursor_text(place: object) -> str:
    """A cursor as it stands in ``next``: opaque, and safe in a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


async def body_of(request: AnyRequest, kind: type[T]) -> T:
    """The JSON body as what is expected here. Nothing unknown in it, no key twice, no text that cannot be kept.

    Raises Malformed (400, with the place) for what is no JSON, BodyRefused (422, with a pointer) for what is.
    """
    return converted(await json_of(request), kind)


async def reasoned_body(request: AnyRequest, kind: type[T]) -> T:
    """The JSON body of what needs a reason in words; ``reason-missing`` where it has none."""
    document = await json_of(request)
    said = document.get("reason", "") if isinstance(document, dict) else None
    if isinstance(said, str) and not said.strip():
        raise Invalid(
            "This needs its reason in words, and none is given.", 'Send {"reason": "..."}.', code="reason-missing"
        )
    return converted(document, kind)


async def json_of(request: AnyRequest, fraction: Callable[[str], Any] | None = None) -> Any:
    """The JSON body as it is, an object or a list; an absent body is an empty object. ``fraction`` makes a number of
    the text of one that is not written as a whole one."""
    media, options = request.content_type
    content = await _bounded_body(request)
    if not content and not media:
        return {}
    if media != JSON or options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMedia("This path takes a JSON body.", f"Send Content-Type: {JSON}.")
    refuse_encoded(request)
    if not content.strip():
        return {}
    return _parsed(content, fraction or _fraction)


async def _bounded_body(request: AnyRequest) -> bytes:
    """The body; TooLarge over the bound that JSON has, also on a route that takes files besides."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LONGEST_JSON:
            raise TooLarge(f"A JSON body may have {LONGEST_JSON:,} bytes here.", "Send it in several requests.")
    return bytes(content)


def converted(document: Any, kind: type[T]) -> T:
    """A JSON value as a typed one; BodyRefused with the place of the first thing that does not fit."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        says, _, place = str(error).partition(" - at ")
        pointer = _pointer(place)
        unknown = re.fullmatch(r"Object contains unknown field `(.*)`", says)
        if unknown is not None:
            known = _members(kind, pointer)
            close = get_close_matches(unknown[1], known, 1)
            fix = f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(known) or 'none'}."
            raise BodyRefused(f"{pointer}/{_escaped(unknown[1][:100])}", "There is no such member.", fix) from None
        raise BodyRefused(pointer, _plain(says), "Send the form that the API description shows.") from None


def _plain(says: str) -> str:
    """What a value lacks or has too much of, in words instead of the types' own."""
    if missing := re.fullmatch(r"Object missing required field `(.*)`", says):
        return f"The member {missing[1]} is missing."
    if bound := re.fullmatch(r"Expected `(str|array|object)` of length (>=|<=) (\d+)", says):
        unit = {"str": "character", "array": "item", "object": "member"}[bound[1]] + ("" if bound[3] == "1" else "s")
        return f"This must have at {'least' if bound[2] == '>=' else 'most'} {int(bound[3]):,} {unit}."
    return f"{says}."


def refuse_encoded(request: AnyRequest) -> None:
    """A body that is compressed is not taken: what it would come to cannot be known before."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMedia("Compressed bodies are not taken here.", "Send the body as it is.")


def entity_tags(request: AnyRequest, header: str) -> tuple[str, ...]:
    """The entity tags of ``If-Match`` or ``If-None-Match``, as they stand there; none where the header is not sent."""
    listed = ",".join(request.headers.getall(header, []))
    return tuple(tag for item in listed.split(",") if (tag := item.strip()))


def if_match(request: AnyRequest, current: str) -> str | None:
    """What ``If-Match`` comes to beside the present tag: that tag where it is among those named, else another.

    None without the header. One that is empty or no tag is refused: whoever sends it means not to overwrite, and must
    neither overwrite nor be told that something has changed.
    """
    sent = request.headers.getall("if-match", [])
    if not sent:
        return None
    if _TAGS.fullmatch(", ".join(sent).strip(" \t")) is None:
        raise Invalid(
            "If-Match is not an entity tag.",
            "Send the ETag as it was answered, with its quotation marks.",
            code="bad-if-match",
        )
    named = entity_tags(request, "if-match")
    return current if current in named else named[0]


def _unknown(name: str, known: Sequence[str]) -> ParameterRefused:
    close = get_close_matches(name, known, 1)
    if close:
        fix = f"Did you mean {close[0]}?"
    else:
        fix = f"Known are: {', '.join(known)}." if known else "This path takes no query parameters."
    shown = name if re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", name) else None
    return ParameterRefused(shown, "There is no such query parameter here.", fix)


def exact(digits: str) -> Decimal:
    """A number with every digit that was sent, for what is read as a cell is."""
    _bounded(digits)
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise _too_long() from None


def _parsed(content: bytes, fraction: Callable[[str], Any]) -> Any:
    try:
        return _storable(
            json.loads(
                content.decode("utf-8-sig"),
                object_pairs_hook=_once,
                parse_int=_number,
                parse_float=fraction,
                parse_constant=_constant,
            )
        )
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8: byte {error.start + 1}.", "Send UTF-8.", code="not-json") from None
    except json.JSONDecodeError as error:
        says = f"The body is not valid JSON: it cannot be read at line {error.lineno}, column {error.colno}."
        raise Malformed(says, "Mend it there, and send it again.", code="not-json") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply.", "Send it flat.", code="not-json") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("A key stands twice in one object of the body.", "Send each key once.", code="not-json")
    return found


def _fraction(digits: str) -> float | int:
    """A number with a point or an exponent: ``2014.0`` is the whole number 2014, as JSON Schema has it."""
    number = float(digits)
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _number(digits: str) -> int:
    _bounded(digits)
    return int(digits)


def _bounded(digits: str) -> None:
    if len(digits) > _LONGEST_NUMBER:
        raise _too_long()


def _too_long() -> Malformed:
    return Malformed("The body holds a number that is too long.", "Send numbers as they are.", code="not-json")


def _constant(_: str) -> Any:
    raise Malformed("The body holds NaN or Infinity, which JSON has not.", "Send null for unknown.", code="not-json")


def _storable(document: Any) -> Any:
    """The document, if every text and number in it can be kept; NUL, lone surrogates, and numbers beyond all bounds
    cannot."""
    waiting = [("", document)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str) and _UNSTORABLE.search(value):
            raise BodyRefused(place, "This text holds a character that cannot be kept.", "Take NUL and the like out.")
        if isinstance(value, float) and not math.isfinite(value):
            raise BodyRefused(place, "This number is too great to be kept.", "Send null for unknown.")
        if isinstance(value, dict):
            for name, item in value.items():
                if _UNSTORABLE.search(name):
                    raise BodyRefused(place, "A key holds a character that cannot be kept.", "Take it out.")
                waiting.append((f"{place}/{_escaped(name)}", item))
        elif isinstance(value, list):
            waiting += [(f"{place}/{index}", item) for index, item in enumerate(value)]
    return document


def _pointer(place: str) -> str:
    """msgspec's ``$.answers[0].words`` as a JSON Pointer."""
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", place.strip("`").removeprefix("$"))
    return "".join(f"/{_escaped(name or number)}" for name, number in steps)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _members(kind: Any, pointer: str) -> list[str]:
    """The members of the object at a place of a type, for suggesting one of them."""
    steps = [step for step in pointer.split("/") if step]
    for step in steps:
        if step.isdigit():
            kind = next(iter(getattr(kind, "__args__", ())), None)
            continue
        fields = {field.encode_name: field.type for field in _fields(kind)}
        kind = fields.get(step)
    return [field.encode_name for field in _fields(kind)]


def _fields(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    for one in (kind, *getattr(kind, "__args__", ())):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return msgspec.structs.fields(one)
    return ()
