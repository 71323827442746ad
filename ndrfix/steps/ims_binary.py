"""The program of the Internet Mail Service as a witness: its file version, or why there is none.

The file is found through `ImagePath` of the service, since the articles disagree about its folder (Q143380, Q181950,
Q326322).
"""

from __future__ import annotations

from dataclasses import dataclass

from ndrfix.exchange.builds import Version
from ndrfix.exchange.services import IMC
from ndrfix.resources import FileVersion, FileVersionState, Located, Unreadable
from ndrfix.steps.base import Observed, Witness

IMS_BINARY = FileVersion(Located(IMC, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImsBinary:
    """What was read of `msexcimc.exe`: either `version`, or `problem` says why there is none. `raw` is the evidence."""

    version: Version | None
    problem: str
    raw: str

    @classmethod
    def read(cls, observed: Observed) -> ImsBinary:
        """The reading of `IMS_BINARY`; a file that is missing, unreadable or without a version is said, not raised."""
        reading = observed.reading(IMS_BINARY)
        if isinstance(reading, Unreadable):
            return cls(
                version=None,
                problem=f"msexcimc.exe cannot be read: {reading.reason}",
                raw=f"unreadable: {reading.reason}",
            )
        if not isinstance(reading, FileVersionState):
            return cls(version=None, problem="msexcimc.exe is missing", raw="absent")
        raw = f"{reading.version or 'no version'}, {reading.size} bytes, {reading.modified}, {reading.path}"
        try:
            return cls(version=Version.parse(reading.version), problem="", raw=raw)
        except ValueError:
            return cls(version=None, problem="msexcimc.exe has no version of four numbers", raw=raw)

    @property
    def witness(self) -> Witness:
        """The evidence, raw."""
        return Witness(source="msexcimc.exe (ImagePath of MSExchangeIMC)", value=self.raw)
