"""The forms of a scope edition on its way: as it is drafted, proposed, confirmed, and read by the national bodies."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from service.api.documented import NAME, TEXT, WORDS
from service.api.public_shapes import Links, Shape
from service.api.scope_shapes import Body
from service.api.shapes import Day, Hash, Instant
from service.clock import wire_time
from service.contract.written import LONGEST
from service.scope.adoption import WHOLE, Kept, Said
from service.scope.draft import LONGEST_NAME, MOST_RULES
from service.scope.drafts import Stored
from service.scope.edition import State
from service.scope.switch import InTheWay

SCOPE_NAME: Final = "^[0-9]{4}-(0[1-9]|1[0-2])(-[a-z0-9]+)+$"
_SAID: Final = Meta(max_length=LONGEST, extra_json_schema={"pattern": WORDS})


class ScopeRuleSent(Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule of a draft: a case counts where every ``when`` is true."""

    id: Annotated[str, Meta(extra_json_schema={"pattern": "^[a-z][a-z0-9_]{0,39}$"})]
    title: Annotated[str, _SAID]
    guidance: Annotated[str, _SAID]
    when: Annotated[str, Meta(description="A condition.", extra_json_schema={"pattern": WORDS})]


class ScopeSent(Struct, kw_only=True, forbid_unknown_fields=True):
    """A scope edition as it is drafted, the same as YAML."""

    edition: Annotated[
        str,
        Meta(
            max_length=LONGEST_NAME,
            description="Its name, given once for ever: year, month and a word.",
            extra_json_schema={"pattern": SCOPE_NAME},
        ),
    ]
    title: Annotated[str, _SAID]
    vocabulary: Annotated[
        str, Meta(description="The contract version in whose words its rules are.", extra_json_schema={"pattern": NAME})
    ]
    rules: Annotated[list[ScopeRuleSent], Meta(min_length=1, max_length=MOST_RULES)]
    state: Literal["draft"] = "draft"
    source: Annotated[str, Meta(max_length=LONGEST, extra_json_schema={"pattern": TEXT})] = ""
    guidance: Annotated[str, Meta(max_length=LONGEST, extra_json_schema={"pattern": TEXT})] = ""
    tallied_until: (
        Annotated[
            str,
            Meta(
                description="The last day, in London, on which returns are tallied under it once it is superseded.",
                extra_json_schema={"format": "date"},
            ),
        ]
        | UnsetType
    ) = UNSET


class ScopeProposal(Struct, kw_only=True, forbid_unknown_fields=True):
    """How a draft is proposed: nothing needs to be said."""

    effective: Annotated[
        date | None, Meta(description="Not in force before this day; without it, as soon as both have confirmed it.")
    ] = None


class ScopeConfirmation(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is confirmed: the content with this hash."""

    hash: Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-f]{64}$"})]


class ScopeRejection(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why an edition is not adopted, in words that everybody may read."""

    reason: Annotated[str, Meta(min_length=1, max_length=WHOLE, extra_json_schema={"pattern": WORDS})]


class ScopeStepKept(Shape):
    """The same for the national bodies: of which content, by which client; a confirmation is a JWS (ES256, ``typ``
    scope-confirmation+jwt or terms-confirmation+jwt) by a key of ``/oauth/jwks``."""

    step: Said
    body: Body
    at: Instant
    client: str
    hash: Hash
    reason: str | None
    signature: str | None


class ScopeDraft(Shape):
    """An edition on its way, for the national bodies. ``document``: as it can be sent again."""

    edition: str
    title: str
    state: State
    version: Annotated[int, Meta(ge=1, description="How often the draft was written.")]
    vocabulary: str
    hash: Hash
    document: ScopeSent
    follows: str | None
    effective: Day | None
    ready: Annotated[
        bool,
        Meta(description="Both bodies have confirmed it, and it can come into force: what remains is in `waits_for`."),
    ]
    waits_for: Annotated[
        list[str], Meta(description="Why it is proposed and not in force, in sentences; empty in any other state.")
    ]
    steps: list[ScopeStepKept]
    links: Links


def draft_document(item: Stored, in_its_way: InTheWay) -> dict[str, Any]:
    """An edition as the national bodies have it."""
    own = f"/api/scopes/{item.name}"
    links = {"draft": f"{own}/draft", "difference": f"{own}/difference"}
    return {
        "edition": item.name,
        "title": item.title,
        "state": item.state.value,
        "version": item.version,
        "vocabulary": item.vocabulary,
        "hash": item.hash,
        "document": item.document,
        "follows": item.follows,
        "effective": item.effective,
        "ready": item.is_ready and not in_its_way.overtaken,
        "waits_for": list(in_its_way.reasons),
        "steps": steps_kept(item),
        "links": {"self": own, **links} if item.was_proposed else links,
    }


def steps_kept(item: Kept) -> list[dict[str, Any]]:
    """Who said what of an edition, as the national bodies have it."""
    return [
        {
            "step": each.step.value,
            "body": each.body,
            "at": wire_time(each.at),
            "client": each.client,
            "hash": each.hash,
            "reason": each.reason,
            "signature": each.signature,
        }
        for each in item.steps
    ]
