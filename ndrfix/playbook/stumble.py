"""Where in a template Jinja stumbles: it tells the line, the tokens tell the character."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2.exceptions import TemplateAssertionError, TemplateSyntaxError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.lexer import Token as Read
from jinja2.lexer import ignored_tokens
from jinja2.parser import Parser

from ndrfix.playbook.jinja import ENVIRONMENT

_NOT_PARSED = ignored_tokens | {"raw_begin", "raw_end"}
_BRACES = {"variable_begin": True, "block_begin": True, "variable_end": False, "block_end": False}
"""Which sorts of tokens open, and which close."""

_ASKING = frozenset({(".", "name"), ("[", "string")})
_UNREAD = frozenset({"comment_begin", "raw_begin"})  # where these are not closed, the tokens end behind them
_WITH_END = frozenset({"autoescape", "block", "call", "filter", "for", "if", "macro", "with"})


@dataclass(frozen=True, slots=True)
class _Token:
    offset: int
    sort: str
    value: str


@dataclass(frozen=True, slots=True)
class _Lexed:
    """The tokens of a template as far as there are any; `end` is where they end, `fault` what is wrong there."""

    tokens: tuple[_Token, ...]
    end: int
    fault: str


@lru_cache(maxsize=64)
def _lexed(text: str) -> _Lexed:
    found: list[_Token] = []
    offset = 0
    try:
        for _, sort, value in ENVIRONMENT.lex(text):
            while not text.startswith(value, offset) and text[offset : offset + 1].isspace():
                offset += 1  # white space that `{%-` takes away
            found.append(_Token(offset, sort, value))
            offset += len(value)
    except TemplateSyntaxError as error:
        return _Lexed(tuple(found), offset, error.message or "")
    return _Lexed(tuple(found), offset, "")


@lru_cache(maxsize=64)
def name_offsets(text: str) -> Mapping[str, int]:
    """Where a template's text first uses each name as a variable."""
    found: dict[str, int] = {}
    before = ""
    for token in _lexed(text).tokens if "\r" not in text else ():
        if token.sort == "name" and before not in (".", "|", "is"):
            found.setdefault(token.value, token.offset)
        before = before if token.sort == "whitespace" else token.value
    return found


def key_offset(text: str, name: str, key: str) -> int | None:
    """Where a template's text first asks a name for a key, as `name.key` or `name['key']`."""
    tokens = [token for token in _lexed(text).tokens if token.sort != "whitespace"] if "\r" not in text else []
    for asked, by, what in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if asked.value != name or asked.sort != "name" or (by.value, what.sort) not in _ASKING:
            continue
        if what.value.strip("'\"") == key:
            return what.offset + (what.sort == "string")
    return None


def literal_offset(text: str, word: str, near: int) -> int | None:
    """Where a text stands in quotes in a template: the first behind an offset, or else the last before it."""
    found = [
        token.offset + 1
        for token in (_lexed(text).tokens if "\r" not in text else ())
        if token.sort == "string" and token.value[1:-1] == word
    ]
    return next((each for each in found if each > near), found[-1] if found else None)


def stumble(text: str, error: JinjaError) -> int | None:
    """The offset in a template's text at which an error of its compilation arose; None when that cannot be told. Line
    ends that Jinja changes move all that follows.
    """
    if "\r" in text or not isinstance(error, TemplateSyntaxError):
        return None
    lexed = _lexed(text)
    if isinstance(error, TemplateAssertionError):
        return next(_unknown(lexed.tokens), None)
    if lexed.fault and lexed.fault == error.message:
        last = lexed.tokens[-1] if lexed.tokens else None
        return last.offset if last is not None and last.sort in _UNREAD else lexed.end
    parsed = [token for token in lexed.tokens if token.sort not in _NOT_PARSED]
    number = _count(_parser(text)) - _count(_stopped(text))
    return parsed[number].offset if number < len(parsed) else _left_open(parsed)


def _parser(text: str) -> Iterable[Read]:
    return Parser(ENVIRONMENT, text).stream


def _stopped(text: str) -> Iterable[Read]:
    """The tokens from that one on at which the parser stops."""
    parser = Parser(ENVIRONMENT, text)
    try:
        parser.parse()
    except TemplateSyntaxError:
        return parser.stream
    return ()


def _count(tokens: Iterable[Read]) -> int:
    """How many tokens there are, as far as there are any."""
    count = 0
    try:
        for _ in tokens:
            count += 1
    except TemplateSyntaxError:
        return count
    return count


def _left_open(tokens: Sequence[_Token]) -> int | None:
    """What is not closed at the end of a template: braces, or the innermost tag that needs an end."""
    last = next((token for token in reversed(tokens) if token.sort in _BRACES), None)
    if last is not None and _BRACES[last.sort]:
        return last.offset
    blocks: list[int] = []
    for begin, word in itertools.pairwise(tokens):
        if begin.sort == "block_begin" and word.value in _WITH_END:
            blocks.append(begin.offset)
        elif begin.sort == "block_begin" and word.value.startswith("end") and blocks:
            blocks.pop()
    return blocks[-1] if blocks else None


def _unknown(tokens: Iterable[_Token]) -> Iterator[int]:
    """Where names of filters and tests stand that do not exist."""
    kinds = {"|": ENVIRONMENT.filters, "filter": ENVIRONMENT.filters, "is": ENVIRONMENT.tests}
    before = ""
    for token in tokens:
        if token.sort == "whitespace":
            continue
        if token.sort == "name":
            known = kinds.get(before)
            if before == "is" and token.value == "not":
                continue
            if known is not None and token.value not in known:
                yield token.offset
        before = token.value
