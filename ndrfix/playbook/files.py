"""Files that `lookup('file', …)` reads: where they are sought, and their text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ndrfix.errors import InputError, TemplateError
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import Vaulted, read_text

_LARGEST = 1_000_000
_VARIABLES_FOLDERS = ("group_vars", "host_vars")
_VAULT = "$ANSIBLE_VAULT"


def content(name: str, place: Place | None, decrypt: Callable[[Vaulted, Place], Secret] | None) -> str | Secret:
    """Return the text of a file without the blanks and line ends behind it; that of an encrypted one is secret.

    A relative name is sought in the folder `files` and in the folder of the file that names it, which `place` tells;
    files in `group_vars` and `host_vars` count as being beside those folders.

    Raises:
        TemplateError: there is no such file, or it cannot be read, or is encrypted and cannot be opened.
    """
    for path in _candidates(name, place):
        if path.is_file():
            return _text(path, place, decrypt)
    sought = ", ".join(str(path) for path in _candidates(name, place))
    raise TemplateError(f"the file {name!r} is not there", place=place, next_step=f"Sought: {sought}.")


def _candidates(name: str, place: Place | None) -> Iterator[Path]:
    path = Path(name).expanduser()
    if path.is_absolute():
        yield path
        return
    folder = Path(place.file).parent if place else Path()
    above = [each for each in (folder, *folder.parents) if each.name in _VARIABLES_FOLDERS]
    folder = above[-1].parent if above else folder
    yield folder / "files" / path
    yield folder / path


def _text(path: Path, place: Place | None, decrypt: Callable[[Vaulted, Place], Secret] | None) -> str | Secret:
    try:
        text = read_text(path)
        if text.startswith(_VAULT) and decrypt is not None:
            return Secret(decrypt(Vaulted(text), Place(file=str(path))).reveal().rstrip())
    except InputError as error:
        raise TemplateError(f"{path}: {error.what}", place=place, next_step=error.next_step) from error
    if len(text) > _LARGEST:
        raise TemplateError(f"the file {path} is longer than {_LARGEST:,} characters", place=place)
    if not text.startswith(_VAULT):
        return text.rstrip()
    raise TemplateError(
        f"the file {path} is encrypted (ansible-vault), and no vault password was given",
        place=place,
        next_step="Give --vault-password-file FILE, --vault-id LABEL@SOURCE or --ask-vault-pass.",
    )
