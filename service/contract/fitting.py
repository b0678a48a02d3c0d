"""What to do about a finding, in the words of its rule as far as they fit the severity that a rule notice gave it.

A rule is written for the severity that it is published with: one that wants an answer may offer to be answered in
words, and one that holds its row never does. Where a notice moved it from one to the other, the offer goes, or comes.
"""

from __future__ import annotations

import re
from typing import Final

from service.contract.model import Rule, Severity

HELD: Final = "Words cannot answer it: a rule notice has this rule hold the row."
ANSWERED: Final = "Or say in words why it is right: a rule notice has this rule hold no row."
_CORRECT: Final = "Correct the row."

_OR: Final = re.compile(r"([,;] or )")
_OFFER: Final = re.compile(r"(?:confirm|explain|say)\b", re.IGNORECASE)


def fitted(rule: Rule, severity: Severity) -> str:
    """What the rule says is to be done, for a finding that has this severity."""
    published = rule.published or rule.severity
    if severity.holds is published.holds:
        return rule.fix
    return f"{_without_offers(rule.fix)} {HELD}" if severity.holds else f"{rule.fix} {ANSWERED}"


def _without_offers(fix: str) -> str:
    """The words without each alternative that is to confirm, explain or say something.

    ``Say why, or correct the number; leave it empty if it is not known.`` leaves what begins with *correct*.
    """
    first, *others = _OR.split(fix.strip().removesuffix("."))
    alternatives = [("", first), *zip(others[::2], others[1::2], strict=True)]
    kept = [(before, words) for before, words in alternatives if not _OFFER.match(words)]
    if not kept:
        return _CORRECT
    (_, begins), *rest = kept
    left = begins + "".join(before + words for before, words in rest)
    return f"{left[:1].upper()}{left[1:]}."
