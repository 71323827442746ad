"""The parts that the table of faults is made of: which exception a row means, and how it is worded."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ndrfix.connections.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where an exception came up: `opened` when the session had worked before, `changes` when items were under way.

    `offered` are the authentication schemes that the server named when it refused one.
    """

    endpoint: Endpoint
    opened: bool = False
    changes: bool = False
    offered: str = ""

    @property
    def where(self) -> str:
        """The host as messages name it: its name, its address, and how one logs on."""
        return f"{self.endpoint.title} ({self.endpoint.address}, {self.endpoint.auth})"


Wording = Callable[[BaseException, Scene], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: which exception (class by name, and a test), and what is said. `refused`: the session itself works."""

    name: str
    what: Wording
    step: str
    test: Callable[[BaseException, Scene], bool] = lambda _error, _scene: True
    refused: bool = False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made from: causes, contexts, and exceptions among its arguments."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [candidate for candidate in inner if isinstance(candidate, BaseException)]


def caused_by(*kinds: type[BaseException]) -> Callable[[BaseException, Scene], bool]:
    """A test: one of these classes is the exception or among its causes."""
    return lambda error, _scene: any(isinstance(one, kinds) for one in _chain(error))


def names(error: BaseException) -> set[str]:
    """The full names of the exception's class and of all that it derives from."""
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}


def last(error: BaseException) -> str:
    """The text of the innermost exception: the outer ones only repeat it with object addresses."""
    texts = [str(one) for one in _chain(error) if not one.__cause__ and not one.__context__]
    return next((text for text in texts if text), type(error).__name__).splitlines()[0]


# --- certificates ---------------------------------------------------------------------------------------------------

NAME_MISMATCH = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


def verify_code(error: BaseException) -> int:
    """OpenSSL's number for what is wrong with the certificate, 0 when it is not about one."""
    found = (one.verify_code for one in _chain(error) if isinstance(one, ssl.SSLCertVerificationError))
    return next((code for code in found if isinstance(code, int)), 0)


def verify_message(error: BaseException) -> str:
    """OpenSSL's sentence about the certificate."""
    found = (str(one.verify_message) for one in _chain(error) if isinstance(one, ssl.SSLCertVerificationError))
    return next(found, last(error))


def plain_port(error: BaseException, _scene: Scene) -> bool:
    """A test: what answered the TLS handshake was no TLS."""
    reasons = {getattr(one, "reason", None) for one in _chain(error) if isinstance(one, ssl.SSLError)}
    return bool(reasons & {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


# --- tests and wordings ---------------------------------------------------------------------------------------------


def said(template: str) -> Wording:
    """A wording with `{where}`, `{title}`, `{port}` and the limits of the endpoint filled in."""

    def say(_error: BaseException, scene: Scene) -> str:
        end = scene.endpoint
        return template.format(where=scene.where, title=end.title, port=end.port, end=end)

    return say


def quoting(template: str) -> Wording:
    """A wording like `said`, with the exception's own text at the end."""
    return lambda error, scene: f"{said(template)(error, scene)}: {last(error)}"


def handshake(error: BaseException, _scene: Scene) -> bool:
    """A test: the TLS handshake was not answered in time; the limit of a connection counts there."""
    return any("handshake operation timed out" in str(one) for one in _chain(error))


def no_way(error: BaseException, _scene: Scene) -> bool:
    """A test: no router knows a way to the address."""
    numbers = {one.errno for one in _chain(error) if isinstance(one, OSError)}
    return bool(numbers & {errno.EHOSTUNREACH, errno.ENETUNREACH})


def unsealed(error: BaseException, scene: Scene) -> bool:
    """A test: the server could not decrypt a message, or asks for a new log-on in the middle of an encrypted session.

    Without a session, a status of 400 means that only where messages are encrypted at all.
    """
    end = scene.endpoint
    plain = end.auth in ("basic", "certificate") or end.message_encryption == "never"
    encrypted = not plain and (end.protocol == "http" or end.message_encryption == "always")
    return (scene.opened or encrypted) and code(400, 401)(error, scene)


def code(*codes: int | None) -> Callable[[BaseException, Scene], bool]:
    """A test: the exception has one of these fault codes or HTTP status numbers."""
    return lambda error, _scene: getattr(error, "code", None) in codes


def reason(*words: str) -> Callable[[BaseException, Scene], bool]:
    """A test: one of these texts stands in the exception's text."""
    return lambda error, _scene: any(word in str(error) for word in words)


def at_opening(_error: BaseException, scene: Scene) -> bool:
    """A test: there was no session yet."""
    return not scene.opened


def logon(_error: BaseException, scene: Scene) -> str:
    """The refusal of a user, with the schemes that the server offers."""
    user = f"user {scene.endpoint.user}" if scene.endpoint.user else "the current user"
    offered = f"; it offers {scene.offered}" if scene.offered else ""
    return f"cannot log on to {scene.where}: the server refused {user}{offered}"


def no_scheme(error: BaseException, scene: Scene) -> str:
    """The refusal of a scheme that the server does not offer."""
    offered = str(error).partition("actual: ")[2].strip("'") or "nothing"
    return f"cannot log on to {scene.where}: the server offers {offered}, which does not include {scene.endpoint.auth}"


def fault(error: BaseException, scene: Scene) -> str:
    """A WS-Management fault with its reason and number."""
    reason = str(getattr(error, "reason", "") or getattr(error, "provider_fault", "") or "no reason given")
    return f"{scene.where} refused the request: {' '.join(reason.split())} (WSMan fault {getattr(error, 'code', '')})"


def status(error: BaseException, scene: Scene) -> str:
    """An HTTP status that has no row of its own."""
    return f"{scene.where} answered with HTTP status {getattr(error, 'code', '?')}"


def skew(error: BaseException, _scene: Scene) -> bool:
    """A test: Kerberos complains about the clocks."""
    text = " ".join(str(one) for one in _chain(error)).lower()
    return "skew" in text


def unknown_principal(error: BaseException, _scene: Scene) -> bool:
    """A test: Kerberos does not know the service."""
    text = " ".join(str(one) for one in _chain(error)).lower()
    return "not found in kerberos database" in text
