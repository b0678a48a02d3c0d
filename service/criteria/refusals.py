"""What the language of conditions leaves out, found word by word, before sqlglot makes sense of it.

sqlglot reads all of SQL and is generous: it takes ``a is unknown`` for ``a is null``, ``a b`` for an alias, ``'x' 'y'``
for one text, ``+1`` for 1, and drops comments. Words have exact places, so each refusal here can point at its own.
"""

from __future__ import annotations

from itertools import pairwise

from sqlglot.errors import TokenError
from sqlglot.tokens import Token, Tokenizer, TokenType  # type: ignore[attr-defined]

from service.criteria.problem import ConditionError
from service.criteria.vocabulary import Vocabulary

LONGEST = 4_000
"""Characters of a condition; far above what a person can follow, far below what could tire the parser."""

DEEPEST = 40
"""Brackets and nots inside each other, at most."""

COMPARISONS = {
    TokenType.EQ: ("=",),
    TokenType.NEQ: ("<>", "!="),
    TokenType.LT: ("<",),
    TokenType.LTE: ("<=",),
    TokenType.GT: (">",),
    TokenType.GTE: (">=",),
}
OPERANDS = frozenset({TokenType.VAR, TokenType.NUMBER, TokenType.STRING})
ALLOWED = (
    frozenset(COMPARISONS)
    | OPERANDS
    | {TokenType.AND, TokenType.OR, TokenType.NOT, TokenType.BETWEEN, TokenType.IN, TokenType.IS, TokenType.NULL}
    | {TokenType.L_PAREN, TokenType.R_PAREN, TokenType.COMMA}
)

_ARITHMETIC = ("Arithmetic is not part of a condition.", "Compare a field with a value or with another field.")
_PATTERN = ("Patterns are not part of a condition.", "Write `=` or `in` with codes of the list.")
_CASE = ("`case` is not part of a condition.", "Write the cases out with `and`, `or` and `not`.")
_QUERY = ("A query is not part of a condition.", "Name the codes, or a named set: `field in set_name`.")
_YES_NO = ("There is no true or false to compare with.", "Compare with a code, for example `field = 'yes'`.")
_CAST = ("A change of type is not part of a condition.", "Write the value in the field's own form, without a cast.")
_NULL_FORM = ("This form is not part of a condition.", "Write `is null` or `is not null`.")

REFUSED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("+", "-", "*", "/", "%", "||", "^", "~", "&", "|", "div", "mod"), _ARITHMETIC),
    **dict.fromkeys(("like", "ilike", "rlike", "regexp", "glob", "similar", "similar to", "~~"), _PATTERN),
    **dict.fromkeys(("case", "when", "then", "else", "end"), _CASE),
    **dict.fromkeys(("select", "exists", "any", "all", "some", "unnest", "with", "from"), _QUERY),
    **dict.fromkeys(("true", "false"), _YES_NO),
    **dict.fromkeys(("::", "cast", "try_cast", "date", "timestamp", "interval", "collate"), _CAST),
    **dict.fromkeys(("isnull", "notnull"), _NULL_FORM),
    "unknown": (
        "A condition cannot ask whether something is unknown.",
        "Leave this out: what is not known stays undetermined by itself.",
    ),
    "distinct": ("`is distinct from` is not part of a condition.", "Write `<>`, or `=` for `is not distinct from`."),
    "<=>": ("`<=>` is not part of a condition.", "Write `=`."),
    "==": ("`==` is not part of a condition.", "Write `=`."),
    "&&": ("`&&` is not part of a condition.", "Write `and`."),
    "xor": ("`xor` is not part of a condition.", "Write it out with `and`, `or` and `not`."),
    "!": ("`!` is not part of a condition.", "Write `not`."),
    "symmetric": ("`between symmetric` is not part of a condition.", "Write the lower value first."),
    ";": ("There is more than one statement here.", "Write one condition; join two with `and` or `or`."),
    ".": ("A field has no table in front of it.", "Write the field's name alone."),
}
_OTHERWISE = "Use fields, values, `=` `<>` `<` `<=` `>` `>=`, `between`, `in`, `and`, `or`, `not` and brackets."


def words_of(text: str, vocabulary: Vocabulary) -> list[Token]:
    """The words of a condition, all of them allowed; raises ``ConditionError`` at the first that is not."""
    if len(text) > LONGEST:
        raise ConditionError(LONGEST + 1, f"The condition is longer than {LONGEST:,} characters.", "Split the rule.")
    try:
        words = Tokenizer().tokenize(text)
    except TokenError:
        raise ConditionError(_open_quote(text), "A quote is opened and not closed.", "Close it with `'`.") from None
    if not words:
        _refuse_comments(text, words)
        raise ConditionError(1, "The condition is empty.", "Write a condition, or leave the rule out.")
    known = frozenset(vocabulary.fields) | frozenset(vocabulary.sets)
    for place in range(len(words)):
        _refuse_word(text, words, place, known)
    for before, word in pairwise(words):
        if _is_operand(before, known) and _is_operand(word, known):
            raise ConditionError(
                word.start + 1,
                "Two things stand side by side with nothing between them.",
                "Write `and`, `or` or a comparison between them.",
            )
        if before.token_type is TokenType.COMMA and word.token_type is TokenType.R_PAREN:
            raise ConditionError(
                word.start + 1, "A code is missing after the comma.", "Name it, or take the comma out."
            )
    _refuse_comments(text, words)
    _refuse_brackets(words)
    return words


def _is_operand(word: Token, known: frozenset[str]) -> bool:
    return word.token_type in OPERANDS or word.text in known


def _refuse_word(text: str, words: list[Token], place: int, known: frozenset[str]) -> None:
    word = words[place]
    before = words[place - 1] if place else None
    after = words[place + 1] if place + 1 < len(words) else None
    kind, column = word.token_type, word.start + 1
    if kind is TokenType.IDENTIFIER:
        raise ConditionError(column, "A field's name stands without quotes.", f"Write `{word.text}`.")
    is_name = kind is TokenType.VAR or word.text in known
    if is_name and after is not None and after.token_type is TokenType.L_PAREN:
        says = f"`{word.text}(` would be a function, and there are none in a condition."
        raise ConditionError(column, says, "Write the field's name alone.")
    if word.text in known or _is_qualified(words, place, known):
        return
    if kind in COMPARISONS and word.text in COMPARISONS[kind]:
        return
    if kind is TokenType.DASH and _is_minus(before, after):
        return
    if kind is TokenType.NULL:
        _refuse_null(words, place)
        return
    said = word.text.lower()
    if kind is TokenType.DASH and before is not None and before.token_type is TokenType.NUMBER:
        says = "This reads as one number less another."
        raise ConditionError(before.start + 1, says, "Write a date in quotes: '2010-01-01'.")
    if kind is TokenType.DOT and after is not None and after.token_type is TokenType.NUMBER:
        raise ConditionError(column, "A number starts with a digit.", f"Write `0.{after.text}`.")
    if kind is not TokenType.STRING and (said in REFUSED or kind not in ALLOWED or kind in COMPARISONS):
        raise ConditionError(
            column, *REFUSED.get(said, (f"`{_shown(text, word)}` is not part of a condition.", _OTHERWISE))
        )


def _is_qualified(words: list[Token], place: int, known: frozenset[str]) -> bool:
    """Whether a word is a piece of a name with a point in it: a measure such as ``previous.stage``."""
    return any(
        "".join(word.text for word in words[first : first + 3]) in known
        and words[first].end + 1 == words[first + 1].start
        and words[first + 1].end + 1 == words[first + 2].start
        for first in range(max(0, place - 2), min(place + 1, len(words) - 2))
        if words[first + 1].token_type is TokenType.DOT
    )


def _is_minus(before: Token | None, after: Token | None) -> bool:
    """Whether a dash is the sign of a number: after a comparison, ``between`` or its ``and``, and before digits."""
    signs = frozenset(COMPARISONS) | {TokenType.BETWEEN, TokenType.AND}
    return (
        before is not None and before.token_type in signs and after is not None and after.token_type is TokenType.NUMBER
    )


def _refuse_null(words: list[Token], place: int) -> None:
    """``null`` stands only in ``is null`` and ``is not null``."""
    kinds = [word.token_type for word in words[max(0, place - 2) : place]]
    if kinds[-1:] == [TokenType.IS] or kinds == [TokenType.IS, TokenType.NOT]:
        return
    raise ConditionError(
        words[place].start + 1,
        "Nothing is ever equal to null, nor in a list because of it.",
        "Leave it out; in a validation rule ask `field is null`.",
    )


def _refuse_comments(text: str, words: list[Token]) -> None:
    """Between two words stands nothing but space: what sqlglot skipped there was a comment."""
    ends = [0, *(word.end + 1 for word in words)]
    starts = [*(word.start for word in words), len(text)]
    for end, start in zip(ends, starts, strict=True):
        gap = text[end:start]
        if gap.strip():
            column = end + len(gap) - len(gap.lstrip()) + 1
            raise ConditionError(column, "Comments are not part of a condition.", "Say it in the rule's guidance.")


def _refuse_brackets(words: list[Token]) -> None:
    """Brackets must come in pairs, and not too many inside each other, nor too many nots in a row."""
    opened: list[Token] = []
    nots = 0
    for word in words:
        nots = nots + 1 if word.token_type is TokenType.NOT else 0
        if word.token_type is TokenType.L_PAREN:
            opened.append(word)
        elif word.token_type is TokenType.R_PAREN:
            if not opened:
                says = "A bracket is closed that was never opened."
                raise ConditionError(word.start + 1, says, "Take it out, or open it with `(`.")
            opened.pop()
        if max(len(opened), nots) > DEEPEST:
            says = f"More than {DEEPEST} brackets or nots stand inside each other."
            raise ConditionError(word.start + 1, says, "Split the rule.")
    if opened:
        raise ConditionError(opened[-1].start + 1, "A bracket is opened and not closed.", "Close it with `)`.")


def _open_quote(text: str) -> int:
    """The column of the quote that is never closed."""
    quote, opened = "", 0
    for place, sign in enumerate(text):
        if not quote and sign in "'\"":
            quote, opened = sign, place
        elif sign == quote:
            quote = ""
    return opened + 1


def _shown(text: str, word: Token) -> str:
    return text[word.start : word.end + 1]
