"""What one meaning is; and those of the codes around what the two bodies adopt: rule notices and scope editions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class Meaning(Struct, frozen=True):
    """One code: the statuses that it comes with, what it means, and what helps."""

    statuses: tuple[int, ...]
    means: str
    do: str


NOTICES: Final[Mapping[str, Meaning]] = {
    "notice-refused": Meaning(
        (422,), "The rule notice cannot be taken; `errors` has every reason.", "Mend what `errors` names."
    ),
    "notice-exists": Meaning(
        (409,),
        "There is a notice with that id already; `detail` says which body proposed or decided it, when, and whether it "
        "says something else.",
        "A notice never changes once it is proposed: give yours an id of its own.",
    ),
    "own-proposal": Meaning(
        (409,),
        "A notice comes into force by the word of both bodies, and this body proposed it.",
        "A person of the other body confirms it.",
    ),
    "notice-decided": Meaning(
        (409,),
        "The notice was confirmed or rejected already; `detail` says by which body, and when.",
        "To change how a rule is treated, propose another notice for it.",
    ),
}

SCOPES: Final[Mapping[str, Meaning]] = {
    "scope-draft": Meaning(
        (422,),
        "A draft of a scope edition cannot be taken.",
        "`errors` lists every place with its line, column and JSON Pointer, and what to do there.",
    ),
    "scope-exists": Meaning(
        (409,),
        "There is, or was, a scope edition with that name.",
        "A name stands for one content for ever: give yours a name of its own.",
    ),
    "scope-frozen": Meaning(
        (409,),
        "The edition is no draft any more, and proposed editions never change.",
        "`detail` says who proposed or rejected it, and when; draft a new edition.",
    ),
    "scope-draft-moved": Meaning(
        (412,),
        "The draft changed since it was read; nothing of the request was stored.",
        "Read the draft again, and send the request again if it still stands.",
    ),
    "tallied-until-passed": Meaning(
        (422,),
        "The day until which an edition says that it is tallied once superseded lies before it can be in force.",
        "Write the draft anew, or reject the proposal and draft it anew, with a later `tallied_until` or without one.",
    ),
    "effective-passed": Meaning(
        (422,), "The day on which it is to come into force has passed.", "Give today or a later day, or none."
    ),
    "scope-not-proposed": Meaning(
        (409,), "Only a proposed edition can be confirmed, and this is none.", "`detail` says where it stands."
    ),
    "scope-hash-differs": Meaning(
        (409,),
        "The hash is not of what the edition says: it is not what was read.",
        "Read the edition again, and send its hash if you confirm that.",
    ),
    "scope-overtaken": Meaning(
        (409,),
        "What the edition was proposed to follow is not in force any more, so it cannot come into force.",
        "Draft it anew on what is in force, and propose that.",
    ),
    "already-confirmed": Meaning(
        (409,),
        "This body has confirmed the edition already, or this client did so for the other body.",
        "Each body confirms once, by two people; it is the word of the other that is wanted.",
    ),
    "scope-decided": Meaning(
        (409,),
        "The edition is in force, superseded or rejected, so it cannot be rejected.",
        "To count otherwise, draft a new edition.",
    ),
    "nothing-to-compare": Meaning(
        (409,), "The edition follows no other, so there is none to compare it with.", "Name one with against."
    ),
    "scope-changed": Meaning(
        (409,),
        "A scope edition reads otherwise here than it was pinned: a contract that it reads was changed.",
        "Run the release under which it was drafted, or draft the change as a new edition.",
    ),
}

TERMS: Final[Mapping[str, Meaning]] = {
    "terms-draft": Meaning(
        (422,),
        "A draft of an edition of the terms cannot be taken.",
        "`errors` lists every place with its line, column and JSON Pointer, and what to do there.",
    ),
    "no-such-terms": Meaning((404,), "There is no such edition of the terms.", "/api/terms lists them."),
    "terms-exists": Meaning(
        (409,),
        "There is, or was, an edition of the terms with that name.",
        "A name stands for one content for ever: give yours a name of its own.",
    ),
    "terms-frozen": Meaning(
        (409,),
        "The edition is no draft any more, and proposed editions never change.",
        "`detail` says who proposed or rejected it, and when; draft a new edition.",
    ),
    "terms-draft-moved": Meaning(
        (412,),
        "The draft changed since it was read; nothing of the request was stored.",
        "Read the draft again, and send the request again if it still stands.",
    ),
    "terms-history": Meaning(
        (409,),
        "The terms would move the past: who was expected for a period that was due, or what returns were taken in.",
        "`detail` names what; draft it anew so that it stays as it was, or wait until what is in its way is withdrawn.",
    ),
    "terms-changed": Meaning(
        (409,),
        "Terms of that name have other content here than those that were taken in or drafted.",
        "Run the release under which they were drafted, or publish or draft the change under a name of its own.",
    ),
    "terms-not-proposed": Meaning(
        (409,), "Only proposed terms can be confirmed, and these are not.", "`detail` says where they stand."
    ),
    "terms-hash-differs": Meaning(
        (409,),
        "The hash is not of what the edition says: it is not what was read.",
        "Read the edition again, and send its hash if you confirm that.",
    ),
    "terms-overtaken": Meaning(
        (409,),
        "The terms that these were proposed to follow are not in force any more, so they cannot come into force.",
        "Draft them anew on what is in force, and propose that.",
    ),
    "terms-decided": Meaning(
        (409,),
        "The edition is in force, superseded or rejected, so it cannot be rejected.",
        "To change the terms, draft a new edition.",
    ),
}

CORRECTIONS: Final[Mapping[str, Meaning]] = {
    "not-a-branch": Meaning(
        (409,),
        "Corrections are offered of a month that was sealed when a later month was sealed already.",
        "Ask for the revision that was sealed so.",
    ),
    "nothing-open": Meaning(
        (409,),
        "No return on top of the newest sealed one is open, so corrections have nowhere to go.",
        "Open the next month's return, or a correction of the newest, and ask again.",
    ),
}
