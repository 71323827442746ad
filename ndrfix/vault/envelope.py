"""The format of ansible-vault, 1.1 and 1.2: AES-256 in counter mode, authenticated by HMAC-SHA256.

A header line, `$ANSIBLE_VAULT;1.1;AES256` or `$ANSIBLE_VAULT;1.2;AES256;LABEL`, then hexadecimal digits in lines of 80.
They hold, again in hexadecimal and each on a line, salt, HMAC and encrypted text. Password and salt give the keys:
PBKDF2-HMAC-SHA256, 10,000 rounds, of which 32 bytes encrypt, 32 authenticate and 16 are the first counter.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass, field

from ndrfix.encrypted import HEADER
from ndrfix.errors import InputError
from ndrfix.place import Place
from ndrfix.secrets import Secret

DEFAULT_LABEL = "default"
_VERSIONS = ("1.1", "1.2")
_CIPHER = "AES256"
_ROUNDS = 10_000
_KEY, _COUNTER, _BLOCK = 32, 16, 16
_DIGEST = 32
_WIDTH = 80
_RESTORE = "Restore it from a backup, or encrypt the value again."


@dataclass(frozen=True, slots=True)
class Envelope:
    """An encrypted text taken apart. `label` is the vault id that it was encrypted for, `default` in format 1.1."""

    label: str
    salt: bytes
    digest: bytes
    sealed: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str, place: Place) -> Envelope:
        """The envelope in a text. Line ends of Windows, blank lines and blanks at line ends are no matter.

        Raises:
            InputError: it is none, is damaged, or has a format that is not known; nothing of it is shown.
        """
        header, _, body = text.lstrip("\ufeff \t\r\n").partition("\n")
        label = _label(header.strip(), place)
        try:
            inner = binascii.unhexlify("".join(body.split()))
            salt, digest, sealed = (binascii.unhexlify(part) for part in inner.split(b"\n"))
        except ValueError as error:  # binascii.Error is one; so is another number of parts
            raise _damaged(place) from error
        if len(digest) != _DIGEST or not salt or not sealed or len(sealed) % _BLOCK:
            raise _damaged(place)
        return cls(label, salt, digest, sealed)

    def open(self, password: Secret) -> bytes | None:
        """The text, None when the password is not the one that it was encrypted with, or when it was altered."""
        encrypting, authenticating, counter = _keys(password, self.salt)
        if not hmac.compare_digest(hmac.digest(authenticating, self.sealed, "sha256"), self.digest):
            return None
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        cipher = Cipher(algorithms.AES(encrypting), modes.CTR(counter)).decryptor()
        padded = cipher.update(self.sealed) + cipher.finalize()
        return padded[: -padded[-1]] if 1 <= padded[-1] <= _BLOCK else None


def seal(text: bytes, password: Secret, label: str = DEFAULT_LABEL, *, salt: bytes | None = None) -> str:
    """The text encrypted, as ansible-vault writes it: format 1.2 when it has a label, else 1.1; ends in a line feed.

    `salt` is random when it is not given.
    """
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    salt = salt or os.urandom(_KEY)
    encrypting, authenticating, counter = _keys(password, salt)
    padding = _BLOCK - len(text) % _BLOCK
    cipher = Cipher(algorithms.AES(encrypting), modes.CTR(counter)).encryptor()
    sealed = cipher.update(text + bytes([padding]) * padding) + cipher.finalize()
    digest = hmac.digest(authenticating, sealed, "sha256")
    digits = b"\n".join(part.hex().encode() for part in (salt, digest, sealed)).hex()
    labelled = label != DEFAULT_LABEL
    header = ";".join((HEADER, "1.2" if labelled else "1.1", _CIPHER, *([label] if labelled else [])))
    return "\n".join((header, *(digits[at : at + _WIDTH] for at in range(0, len(digits), _WIDTH)), ""))


def _label(header: str, place: Place) -> str:
    """The label in a header line."""
    name, *fields = (field.strip() for field in header.split(";"))
    if name != HEADER:
        raise InputError(
            "this is not encrypted: it does not begin with $ANSIBLE_VAULT",
            place=place,
            next_step="Remove the tag !vault, or put the encrypted block there.",
        )
    version = fields[0] if fields else ""
    if version not in _VERSIONS or len(fields) < 2 or fields[1] != _CIPHER:
        raise InputError(
            f"the vault format of this value is not known; {' and '.join(_VERSIONS)} with {_CIPHER} are",
            place=place,
            next_step="Encrypt it again with a current ansible-vault, or with `ndrfix vault`.",
        )
    return fields[2] if len(fields) > 2 and fields[2] else DEFAULT_LABEL


def _damaged(place: Place) -> InputError:
    return InputError("the encrypted value is damaged: digits are missing or are none", place=place, next_step=_RESTORE)


def _keys(password: Secret, salt: bytes) -> tuple[bytes, bytes, bytes]:
    text = password.reveal().encode("utf-8", "surrogateescape")
    made = hashlib.pbkdf2_hmac("sha256", text, salt, _ROUNDS, 2 * _KEY + _COUNTER)
    return made[:_KEY], made[_KEY : 2 * _KEY], made[2 * _KEY :]
