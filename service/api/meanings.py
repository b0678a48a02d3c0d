"""What every stable code of an error means and what to do about it: the one table behind ``/problems/{code}``.

A problem's ``type`` is the path of its line here and never changes; a test holds that every code which the program can
raise has a line, with the statuses that it is answered with. Lines without a status are met at the command line alone,
or inside another problem's ``errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.api.adopted_meanings import CORRECTIONS, NOTICES, SCOPES, TERMS, Meaning

_READ_AGAIN: Final = "Read the return again, and send the request again if it still stands."
_TEMPLATE: Final = "Send the columns of the contract's part: /api/contracts lists the fields of every version."
_WHOLE_FILE: Final = "Nothing was stored: send the file again, whole."
_PUBLISH: Final = "Publish the change as a new one beside it: what is published never changes."

_REQUEST: Final[Mapping[str, Meaning]] = {
    "malformed": Meaning((400,), "The request cannot be read.", "Mend its syntax; `detail` says where."),
    "not-json": Meaning(
        (400,),
        "The body is not JSON: broken syntax, a key twice, NaN, text that is not UTF-8, or nested too deeply.",
        "Mend it where `detail` says, and send it again.",
    ),
    "unauthenticated": Meaning(
        (401,),
        "There is no access token, or it is not valid here: expired, for another service, or of another issuer.",
        "Get one from the issuer that /.well-known/oauth-protected-resource names; it lives ten minutes.",
    ),
    "forbidden": Meaning((403,), "The caller is known, and may not do this.", "Ask whoever runs the service."),
    "missing-permission": Meaning(
        (403,),
        "The token lacks the permission that `detail` names.",
        "Ask for a token with that scope; where the client does not have it, ask whoever runs the service.",
    ),
    "not-found": Meaning(
        (404,),
        "There is no such thing, or it is another force's: the two are told apart to nobody.",
        "Check the path: the force must be that of the token, and the period must have a return.",
    ),
    "method-not-allowed": Meaning(
        (405,), "This path does not take that method.", "The header Allow lists those it does."
    ),
    "not-acceptable": Meaning(
        (406,),
        "None of the media types in Accept is offered here.",
        "`do` lists those offered; leave Accept out for JSON.",
    ),
    "too-many-rows": Meaning(
        (406,),
        "There are more rows than a workbook has here.",
        "Ask for CSV, or for NDJSON where it is offered.",
    ),
    "conflict": Meaning(
        (409,), "The present state of things does not allow it.", "`detail` says what stands in the way."
    ),
    "precondition-failed": Meaning((412,), "If-Match names another state than the present one.", _READ_AGAIN),
    "too-large": Meaning((413,), "The body is larger than this path takes.", "Send less at once."),
    "unsupported-media": Meaning(
        (415,), "This path does not take that Content-Type or Content-Encoding.", "`do` lists the types that it takes."
    ),
    "invalid": Meaning((422,), "Readable, but a value in it cannot be accepted.", "`detail` says which, and why."),
    "body": Meaning(
        (422,),
        "The JSON body has another form than the API description shows; `errors` has JSON Pointers to what is wrong.",
        "Mend what `errors` names.",
    ),
    "parameter": Meaning(
        (422,),
        "A query parameter is unknown here, stands twice, or has a value that cannot be. Nothing unknown is ignored.",
        "`errors` names the parameter and what it may be.",
    ),
    "precondition-required": Meaning(
        (428,),
        "This needs If-Match with the ETag of what was read: one signs, changes and proposes what one saw.",
        "Read the return, or the draft, and send its ETag.",
    ),
    "too-many-requests": Meaning((429,), "There were too many requests.", "Wait as long as Retry-After says."),
    "internal": Meaning(
        (500,),
        "The service could not finish this, and it is not the caller's fault.",
        "Try again; if it stays, tell whoever runs the service the `reference`.",
    ),
    "unavailable": Meaning(
        (503,), "Something that the service needs is not there now.", "Send it again after the seconds in Retry-After."
    ),
    "outcome-unknown": Meaning(
        (503,),
        "The database went away at the last moment; it is not known whether the request was stored.",
        "Read what it was to change before sending it again; with an Idempotency-Key just send it again.",
    ),
    "stored-not-shown": Meaning(
        (503,), "The change is stored, and the return cannot be shown now.", "Read it shortly."
    ),
    "disk-full": Meaning((503,), "There is no room to receive the upload now.", "Try again later; nothing was stored."),
    "refused": Meaning((400, 408, 414, 431), "The request is not taken.", "Check it against the API description."),
    "bad-if-match": Meaning(
        (422,),
        "If-Match is empty, or is not an entity tag; nothing was changed.",
        "Send the ETag as it was answered, with its quotation marks.",
    ),
    "bad-key": Meaning(
        (422,), "The Idempotency-Key cannot be used.", "Send one of 1 to 255 printable ASCII characters without spaces."
    ),
    "idempotency-key-reused": Meaning(
        (422,),
        "This Idempotency-Key came with another request in the last 24 hours.",
        "Use a new key for a new request.",
    ),
}

_UPLOADS: Final[Mapping[str, Meaning]] = {
    "empty-upload": Meaning(
        (400,), "Nothing was sent: no byte, no heading, or only blank lines.", "Send the file again."
    ),
    "upload-cut-short": Meaning((400,), "Fewer bytes came than Content-Length announced.", _WHOLE_FILE),
    "digest-differs": Meaning((400,), "The bytes that came are not those that Content-Digest is of.", _WHOLE_FILE),
    "bad-digest": Meaning((400,), "Content-Digest cannot be read.", "Write sha-256=:BASE64:, or leave it out."),
    "bad-heading": Meaning((400,), "The heading of the CSV cannot be read.", "Send one name a column."),
    "duplicate-column": Meaning((400,), "Two columns have the same name.", "Keep one of the two."),
    "too-many-columns": Meaning((400,), "There are far more columns than the part has fields.", _TEMPLATE),
    "wrong-part": Meaning(
        (400,), "The columns are those of another part of the return.", "Send it to that part's path."
    ),
    "no-key-column": Meaning((400,), "The column that identifies a row is missing.", _TEMPLATE),
    "no-required-column": Meaning((400,), "A column that every row needs is missing.", _TEMPLATE),
    "not-an-array": Meaning(
        (400,), "The JSON body is not an array of objects.", "Send an array, or NDJSON with one object a line."
    ),
    "array-too-large": Meaning((413,), "A JSON array may have 64 MB.", "Send NDJSON, one object a line."),
    "row-too-long": Meaning((413,), "One record is longer than any row can be.", "Send one record a line."),
    "content-differs": Meaning(
        (415,), "The content is not of the media type that was announced.", "Send it with its own."
    ),
    "bad-workbook": Meaning(
        (400,),
        "The workbook is damaged, or holds what no spreadsheet program writes.",
        "Open it in the spreadsheet program, save it again as .xlsx and send it.",
    ),
    "which-sheet": Meaning(
        (400,),
        "No sheet of the workbook has the heading of the part, or several have.",
        "Send a workbook with one sheet of rows, its first row the field names.",
    ),
    "workbook-too-large": Meaning(
        (413,),
        "The workbook is over a bound: its size unpacked, its rows, cells, texts, or how far it is packed.",
        "Send only the sheet of rows, or send it as CSV.",
    ),
    "workbook-refused": Meaning(
        (415,),
        "The file is a workbook of a kind that is not taken: with macros or a password, XLS, XLSB, OpenDocument.",
        "Save it as Excel Workbook (.xlsx), or as CSV UTF-8, and send that file.",
    ),
    "undecodable": Meaning((415,), "The file is not UTF-8.", "Save the file as UTF-8 and send it again."),
}

_RETURNS: Final[Mapping[str, Meaning]] = {
    "period": Meaning((422,), "The period in the path is no month.", "Write a month as 2025-11."),
    "no-such-period": Meaning(
        (422,), "The period is before the first one of the terms.", "/api/terms has the calendar."
    ),
    "period-not-begun": Meaning((422,), "The period has not begun.", "A period can be opened from its first day on."),
    "not-participating": Meaning(
        (409,),
        "The force does not take part in that period under the terms.",
        "/api/terms lists the forces and from when.",
    ),
    "contract-not-accepted": Meaning(
        (422,), "The terms do not accept that contract version for the period.", "`do` lists the versions accepted."
    ),
    "already-open": Meaning((409,), "A revision of the period is open.", "Go on with it, or withdraw it first."),
    "already-sealed": Meaning(
        (409,),
        "The return is sealed already.",
        "Read its receipt; to correct it, open the next revision with `corrects`.",
    ),
    "already-withdrawn": Meaning((409,), "The return is withdrawn already.", "Open the period again with PUT."),
    "not-the-current-revision": Meaning(
        (409,), "`corrects` names another revision than the one in force.", "Read the return, and name its revision."
    ),
    "not-the-newest-period": Meaning(
        (409,),
        "Only the return of a force's newest sealed month can be withdrawn, and no draft on top of a later month's "
        "return be sealed.",
        "Correct the month by another revision; withdraw such a draft, and open it again.",
    ),
    "older-contract": Meaning(
        (409,),
        "The return is under a newer contract version already; going back would lose what it can say.",
        "Withdraw this return and open it anew.",
    ),
    "not-open": Meaning(
        (409,), "The return is not open, so nothing in it can be changed.", "Open a correction with PUT."
    ),
    **CORRECTIONS,
    "draft-moved": Meaning(
        (412, 409), "The return changed since it was read; nothing of the request was stored.", _READ_AGAIN
    ),
    "row-refused": Meaning(
        (422,), "The case cannot be accepted as it was sent; `errors` has its findings.", "Correct what they name."
    ),
    "reason-missing": Meaning(
        (422,), "What leaves a return, or is rejected, needs a reason.", "Send one that `detail` lists, or words."
    ),
    "transfer-not-taken-over": Meaning(
        (409,),
        "The force that leads the transferred case has not sealed a return that holds it.",
        "Go on reporting it; once that force has sealed it, it counts there and can be withdrawn here.",
    ),
    "answers-refused": Meaning(
        (422,), "Some answers could not be taken, so none was stored.", "Mend those that `errors` points to."
    ),
    "not-ready": Meaning(
        (409,), "Something stands in the way of the seal; `errors` has each with its count.", "Resolve what they name."
    ),
    "not-declared": Meaning(
        (422,),
        "A seal needs the declaration, the signer's name and role.",
        "Send declaration true, and 1 to 200 characters each.",
    ),
    "no-such-state": Meaning(
        (404,), "The draft has no such state, or no longer: the last three are kept.", "Read the states again."
    ),
    "no-such-finding": Meaning(
        (409,),
        "A dispute is about a finding that the return does not have: of that rule, or in that case.",
        "Read the findings again, and take the rule and the reference from the one that you mean.",
    ),
    "not-sealed": Meaning((404,), "The return is not sealed, so it has no receipt and no tally.", "Seal it first."),
    "no-tally": Meaning(
        (404,),
        "The return has no tally under that scope edition.",
        "Tallies are kept under editions that are in force, proposed or still tallied when a return is sealed.",
    ),
    "nothing-sealed": Meaning(
        (404,),
        "No return of the force is sealed, so nothing is asked yet.",
        "Seal a return: its cases are what is asked about.",
    ),
    "work-list-moved": Meaning(
        (409,),
        "The work-list is another one than that of the page before: another return is sealed, or another edition or "
        "attribute is asked.",
        "Begin again, without a cursor.",
    ),
}

_IN_THE_WAY: Final[Mapping[str, Meaning]] = {
    "base-moved": Meaning(
        (), "The sealed return below this one changed since the file was compared.", "Send the file again."
    ),
    "older-version": Meaning(
        (),
        "Cases were sent before the return went over to a newer contract version, whose rules have not been asked.",
        "Download the return's cases, which are written in the new names and codes, and send that file.",
    ),
    "held-rows": Meaning((), "Rows are held.", "Correct and send them again, or set them aside with a reason."),
    "not-in-snapshot": Meaning((), "The snapshot lacks cases that were reported.", "Say keep or withdraw for each."),
    "held-by-notice": Meaning(
        (),
        "Rows were accepted that a rule holds now, because a rule notice made it a rule that holds rows.",
        "Correct the rows and send them again, or take the cases out.",
    ),
    "unanswered-findings": Meaning(
        (), "Findings wait for an answer.", "Confirm or explain each in words, or correct the rows."
    ),
    "not-taken-over": Meaning(
        (), "A transferred case is not held by the receiving force.", "Keep it until that force sealed it."
    ),
}
"""What stands in the way of a seal, in the ``errors`` of ``not-ready``."""

_PICTURE: Final[Mapping[str, Meaning]] = {
    "no-such-scope": Meaning((404,), "There is no such scope edition.", "/api/scopes lists them."),
    "no-scope-in-force": Meaning(
        (404, 422), "No scope edition is in force, or none was at that moment.", "Name one, or give a later as_of."
    ),
    "points-out-of-order": Meaning(
        (422,), "The first point of a bridge lies after the second.", "Begin with the earlier of the two."
    ),
    "no-way-between": Meaning(
        (422,),
        "No edition leads from one of the two to the other.",
        "Ask for editions of which one was proposed while the other, or one before it, was in force.",
    ),
    "not-judged-yet": Meaning(
        (409,), "Returns of that point are not judged under that edition.", "Wait for the re-judging, and ask again."
    ),
    "not-tallied-any-more": Meaning(
        (409,),
        "Returns of that point have no tally under that edition, which is superseded, and get none.",
        "Ask under a later edition, by which they are judged, or for a moment before they were sealed.",
    ),
    "bridge-does-not-add-up": Meaning(
        (409,),
        "What is stored does not make up the difference.",
        "Have case-returns reconcile run: it names the return.",
    ),
    "scope-not-tallied": Meaning(
        (422,),
        "There are no tallies under that edition, or none any more.",
        "`do` lists the editions with tallies, and says up to when one that was rejected is asked.",
    ),
    "simulation-refused": Meaning(
        (422,),
        "An edition cannot be simulated like that: it has no such rule or breakdown, none of its rules would be left, "
        "or there is no edition to set it against.",
        "Mend what `errors` names.",
    ),
    "as-of-in-future": Meaning((422,), "as_of names a moment that has not come.", "Leave it out for the last change."),
    "unknown-by": Meaning(
        (422,), "The picture cannot be broken down by that.", "`do` has the closest; ask for those listed."
    ),
    "deeper-cut": Meaning(
        (422,), "Tallies hold one dimension of cases at a time.", "Ask for one of them, alone or with force or region."
    ),
}

_PAGES: Final[Mapping[str, Meaning]] = {
    "sign-in-needed": Meaning((), "Nobody is signed in on the pages.", "Sign in; the page that was asked for follows."),
    "foreign-form": Meaning(
        (403,), "A form came that no page of this service sent.", "Load the page again, and send it."
    ),
}

_COMMANDS: Final[Mapping[str, Meaning]] = {
    "settings": Meaning((), "A setting of the environment is unknown or cannot be.", "Mend those that are named."),
    "storage": Meaning(
        (), "The database is not as the service needs it.", "Change what is named; waiting does not help."
    ),
    "keys-exposed": Meaning((), "The file of signing keys can be read by others than its owner.", "chmod 600 it."),
    "assets-missing": Meaning((), "The styles of the pages are not in the package.", "Build the package again."),
    "pages-off-loopback": Meaning(
        (), "Pages without a password would be served to others.", "Serve them on 127.0.0.1."
    ),
    "port-in-use": Meaning((), "The port cannot be used.", "Name another with --port; 0 takes any that is free."),
    "already-running": Meaning(
        (), "A demonstration runs in that folder already.", "Use it, end it, or name another folder."
    ),
    "not-a-demo": Meaning(
        (), "The database in that folder is not a demonstration's.", "Name another folder with --data."
    ),
    "bad-notices": Meaning(
        (), "A file of rule notices or of keys cannot be used, or a signature does not hold.", "Get both files anew."
    ),
    "another-country": Meaning(
        (), "The folder has a country of another size.", "Leave --cases out, or name another folder."
    ),
    "contracts-invalid": Meaning((), "The published data cannot be used.", "Mend each place that is named."),
    "not-packable": Meaning((), "What is installed cannot be packed for another machine.", "See what `do` says."),
    "mapping-invalid": Meaning((), "A mapping of columns and values cannot be used.", "Mend each line that is named."),
    "columns-not-mapped": Meaning(
        (), "Columns of a file are neither mapped nor left out.", "Say in the mapping what each is."
    ),
    "scope-edition": Meaning((), "A scope document cannot be used.", "Mend each place that is named."),
    "condition": Meaning((), "A condition cannot be taken.", "`do` says what to write at the place named."),
    "too-many-attributes": Meaning((), "A definition speaks of more attributes than can be judged.", "Speak of fewer."),
    "contract-changed": Meaning((), "A published contract version has other content than was taken in.", _PUBLISH),
    "audit-tampered": Meaning(
        (), "The audit log is not what was written.", "Keep everything, and look who could write."
    ),
    "not-in-log": Meaning((), "The proof does not lead from the entry to the head.", "Ask for the receipt again."),
    "error": Meaning((), "Something went wrong that has no code of its own.", "`says` tells what."),
}

GROUPS: Final[Mapping[str, Mapping[str, Meaning]]] = {
    "Any request": _REQUEST,
    "Uploads": _UPLOADS,
    "Returns": _RETURNS,
    "In the way of a seal": _IN_THE_WAY,
    "Rule notices": NOTICES,
    "Scope editions": SCOPES,
    "Editions of the terms": TERMS,
    "The national picture": _PICTURE,
    "Pages": _PAGES,
    "Commands": _COMMANDS,
}
MEANINGS: Final[Mapping[str, Meaning]] = {code: found for group in GROUPS.values() for code, found in group.items()}
"""Every code with its meaning."""
