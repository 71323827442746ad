"""Files that `lookup('file', …)` reads: where they are sought, and their text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ndrfix.encrypted import Decrypt, is_encrypted, refuse_vaulted
from ndrfix.errors import InputError, SealedError, TemplateError
from ndrfix.place import Place
from ndrfix.secrets import Secret
from ndrfix.source import Vaulted, read_text

_LARGEST = 1_000_000
_VARIABLES_FOLDERS = ("group_vars", "host_vars")


def content(name: str, place: Place | None, decrypt: Decrypt | None) -> str | Secret:
    """Return the text of a file without the blanks and line ends behind it; that of an encrypted one is secret.

    A relative name is sought in the folder `files` and in the folder of the file that names it, which `place` tells;
    files in `group_vars` and `host_vars` count as being beside those folders.

    Raises:
        TemplateError: there is no such file, or it cannot be read.
        SealedError: it is encrypted and cannot be opened.
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


def _text(path: Path, place: Place | None, decrypt: Decrypt | None) -> str | Secret:
    try:
        text = read_text(path)
    except InputError as error:
        what = f"{path}: {error.what}" if error.place else error.what
        raise TemplateError(what, place=place, next_step=error.next_step) from error
    if is_encrypted(text):
        return _opened(Vaulted(text), path, place, decrypt or refuse_vaulted)
    if len(text) > _LARGEST:
        raise TemplateError(
            f"the file {path} is longer than {_LARGEST:,} characters",
            place=place,
            next_step="Name a file with a value in it.",
        )
    return text.rstrip()


def _opened(vaulted: Vaulted, path: Path, place: Place | None, decrypt: Decrypt) -> Secret:
    try:
        return Secret(decrypt(vaulted, Place(file=str(path))).reveal().rstrip())
    except SealedError as error:
        named = error.of(str(path))
        named.place = place
        raise named from error
