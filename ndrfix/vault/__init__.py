"""Files and values that ansible-vault encrypted: their format, the passwords that open them, and where those are."""

from ndrfix.vault.configured import VaultOptions, encryption_label, identities_of
from ndrfix.vault.envelope import Envelope, seal
from ndrfix.vault.opening import Vault
from ndrfix.vault.sources import FileSource, Identity, PromptSource, ScriptSource, Source

__all__ = [
    "Envelope",
    "FileSource",
    "Identity",
    "PromptSource",
    "ScriptSource",
    "Source",
    "Vault",
    "VaultOptions",
    "encryption_label",
    "identities_of",
    "seal",
]
