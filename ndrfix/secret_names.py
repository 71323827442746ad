"""Which names say that a value is a secret: the one definition, for masks, listings, excerpts and the linter."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator
from functools import lru_cache

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+")
_INSIDE = re.compile(r".+?pass(?:word|wd|phrase)s?|pass(?:word|wd|phrase)s?|.+")
_SECRET = re.compile(
    r".*(password|passwort|passwd|passphrase|passcode|pass|pwd?|secret|token|credential|creds|"
    r"(api|access|private|secret|signing|encryption|decryption)key)s?"
)
_MISSPELT = ("password", "passphrase", "secret", "token", "credential", "credentials")
_LIKE = 0.8
_ORDINARY = re.compile(
    "bypass|bypasses|compass|encompass|overpass|trespass|underpass|surpass|passes|passed|passport|secure|secured|"
    "secretary|secretariat|taken|tokenizer|woken"
)

# Behind the word these make it a name for something about the secret, before it a number of them or none.
_ABOUT = re.compile(
    "age|attempts|attr|attribute|change|changed|command|complexity|count|counts|days|dir|directory|enabled|"
    "endpoint|expired|expires|expiration|expiry|field|file|filename|files|folder|form|hint|history|keyring|label|"
    "len|length|lifetime|limit|manager|max|method|min|minimum|name|names|needed|number|path|paths|place|policy|"
    "prompt|protected|provider|regex|required|retries|rotation|rule|rules|scope|server|service|set|size|source|"
    "store|through|timeout|ttl|type|uri|url|usage|valid"
)
_NONE_OF = re.compile("max|min|no|num|number|without")
_ACCOUNT = re.compile("account|address|domain|host|hostname|login|port|server|user|username")
_NUMBER = re.compile(r"_?\d{1,2}(?!\w)")


def is_secret_name(name: str) -> bool:
    """Tell whether a name says that the value is a secret: `ansible_password`, `adminPassword`, `smtp_pw_old`,
    `api_tokens`, a misspelt `ansible_pasword`; but not `password_file`, `token_count` or `bypass`.
    """
    return secret_word_end(name) > 0


def is_account_name(name: str) -> bool:
    """Tell whether a name, in a mapping below that of a secret, is for what the secret belongs to: `credentials.user`
    is none, whatever `credentials` is.
    """
    parts = _PART.findall(name)
    return bool(parts) and _ACCOUNT.fullmatch(parts[-1].lower()) is not None


@lru_cache(maxsize=16_384)
def secret_word_end(name: str) -> int:
    """Return how many characters of a secret's name there are up to the end of its word for a secret and a number
    behind it, which is all of `ansible_password2` and eight of `passwordOld`; 0 when it is no secret's name.
    """
    parts = [(word, end) for found in _PART.finditer(name) for word, end in _words(found)]
    words = [word for word, _ in parts]
    ends = [at for at, word in enumerate(words) if _is_secret(word)]
    ends += [at + 1 for at, pair in enumerate(itertools.pairwise(words)) if _SECRET.fullmatch("".join(pair))]
    if (
        not ends
        or any(map(_NONE_OF.fullmatch, words[: min(ends)]))
        or any(map(_ABOUT.fullmatch, words[max(ends) + 1 :]))
    ):
        return 0
    end = parts[next(at for at in range(min(ends), len(words)) if at + 1 not in ends)][1]
    number = _NUMBER.match(name, end)
    return number.end() if number else end


def _words(part: re.Match[str]) -> Iterator[tuple[str, int]]:
    """The words of a part of a name with their ends: what is written in one is taken apart behind a word for a secret
    that is one beyond doubt, as in `passwordfile`.
    """
    for found in _INSIDE.finditer(part[0].lower()):
        yield found[0], part.start() + found.end()


def _is_secret(word: str) -> bool:
    if _ORDINARY.fullmatch(word):
        return False
    return _SECRET.fullmatch(word) is not None or bool(difflib.get_close_matches(word, _MISSPELT, 1, _LIKE))
