"""The vault of a run: opens what was encrypted, with the passwords that it was told of, when the value is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ndrfix.errors import ForeignError, InputError, SealedError
from ndrfix.nodes import Vaulted
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.vault.envelope import DEFAULT_LABEL, Envelope
from ndrfix.vault.sources import Identity

_GIVE = "Give its password: --vault-id {}@prompt, --vault-id {}@FILE, or --vault-password-file FILE."
_SHOWN = 3
_FOREIGN = "Take it out, or add the label to vault_id in client.yml if it is the client's."


@dataclass(slots=True)
class Vault:
    """Opens encrypted values; called as the `Decrypt` of inventories and playbooks. Each text is opened once.

    The password of the value's own label is tried first, then, as ansible-vault does, the others in their order: a
    label is a hint. `learn` is told every secret, passwords too, before anybody sees it; of a whole file only who reads
    it knows what in it is secret. `foreign` gives the reason why values with a label are not opened here (empty: they
    are). `used` is told once of each vault id by which something was opened. `left_out` says of passwords why they are
    not used here; it is told when nothing opens.
    """

    identities: Sequence[Identity]
    learn: Callable[[Secret], None]
    foreign: Callable[[str], str] = lambda _label: ""
    used: Callable[[str], None] = lambda _label: None
    left_out: Sequence[str] = ()
    _opened: dict[str, Secret] = field(default_factory=dict, init=False, repr=False)
    _told: set[str] = field(default_factory=lambda: {DEFAULT_LABEL}, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __call__(self, vaulted: Vaulted, place: Place) -> Secret:
        """The text of an encrypted value, which is at `place`.

        Raises:
            SealedError: no password opens it, it is damaged, or a password cannot be had; nothing of it is shown.
            ForeignError: it is not to be opened here.
        """
        with self._lock:
            if vaulted.text not in self._opened:
                self._opened[vaulted.text] = self._secret(vaulted, place)
            return self._opened[vaulted.text]

    def _secret(self, vaulted: Vaulted, place: Place) -> Secret:
        try:
            plain, _ = self.open(vaulted.text, place, vaulted.noun)
            secret = _text(plain, place)
        except SealedError:
            raise
        except InputError as error:
            raise SealedError(error.what, place=error.place, next_step=error.next_step) from error
        if not vaulted.whole:
            self.learn(secret)  # of a file its reader tells what in it is secret
        return secret

    def open(self, text: str, place: Place, noun: str = "file") -> tuple[bytes, Identity]:
        """What was encrypted, as bytes that nothing was learnt of, and the identity that opened it. `noun` is what
        errors call it.

        Raises:
            InputError: see `__call__`.
        """
        envelope = Envelope.parse(text, place)
        if reason := self.foreign(envelope.label):
            raise ForeignError(f"the {noun} is not to be opened: {reason}", place=place, next_step=_FOREIGN)
        if not self.identities:
            raise InputError(
                f"the {noun} is encrypted{_for(envelope)}, and no vault password was given",
                place=place,
                next_step=f"{_give(envelope)}{self._not_used()}",
            )
        own = [each for each in self.identities if each.label == envelope.label]
        for identity in (*own, *(each for each in self.identities if each.label != envelope.label)):
            password = identity.password()
            self.learn(password)
            plain = envelope.open(password)
            if plain is not None:
                self._tell(envelope.label, identity.label)
                return plain, identity
        raise self._refused(envelope, place, noun, known=bool(own))

    def _refused(self, envelope: Envelope, place: Place, noun: str, *, known: bool) -> InputError:
        tried = f"Tried: {', '.join(dict.fromkeys(each.label for each in self.identities))}.{self._not_used()}"
        if known:
            what = (
                f"no vault password given opens the {noun}{_for(envelope)}: wrong password, or the {noun} was altered"
            )
            return InputError(what, place=place, next_step=f"Check the password and the {noun}. {tried}")
        what = f"the {noun} is encrypted{_for(envelope)}, which has no password here, and no other one opens it"
        return InputError(what, place=place, next_step=f"{_give(envelope)} {tried}")

    def _tell(self, *labels: str) -> None:
        for label in labels:
            if label not in self._told:
                self._told.add(label)
                self.used(label)

    def _not_used(self) -> str:
        """What is said of the passwords that are left out, with a blank before it."""
        more = f"; and {len(self.left_out) - _SHOWN} more" if len(self.left_out) > _SHOWN else ""
        return f" Not used, though configured: {'; '.join(self.left_out[:_SHOWN])}{more}." if self.left_out else ""


def _for(envelope: Envelope) -> str:
    return "" if envelope.label == DEFAULT_LABEL else f" for the vault id {envelope.label!r}"


def _give(envelope: Envelope) -> str:
    return _GIVE.format(envelope.label, envelope.label)


def _text(plain: bytes, place: Place) -> Secret:
    try:
        return Secret(plain.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(
            "what was encrypted is not UTF-8 text", place=place, next_step="Encrypt the text again as UTF-8."
        ) from None
