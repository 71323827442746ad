"""What ansible-vault encrypted, for those who only meet it: how it is known, and what stands in without a password."""

from __future__ import annotations

from collections.abc import Callable

from ndrfix.errors import SealedError
from ndrfix.nodes import Vaulted
from ndrfix.place import Place
from ndrfix.secrets import Secret

HEADER = "$ANSIBLE_VAULT"

Decrypt = Callable[[Vaulted, Place], Secret]
"""Opens what is encrypted at a place; raises `SealedError` when it cannot."""


def is_encrypted(text: str) -> bool:
    """Tell whether a text is encrypted as a whole; a byte order mark and blank lines may precede."""
    return text.lstrip("\ufeff \t\r\n").startswith(HEADER)


def refuse_vaulted(vaulted: Vaulted, place: Place) -> Secret:
    """Raise the error that says that there is no password: the `Decrypt` function of a run without a vault.

    Raises:
        SealedError: always.
    """
    raise SealedError(
        f"the {vaulted.noun} is encrypted (ansible-vault), and no vault password was given",
        place=place,
        next_step="Give --vault-password-file FILE, --vault-id LABEL@SOURCE or --ask-vault-pass.",
    )
