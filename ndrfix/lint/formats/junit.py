"""JUnit XML: a suite for each file, a test case for each finding, one that passes for a file without any.

It is valid by the schema of Jenkins' xunit plug-in and by that of Apache Ant.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from xml.etree import ElementTree

from ndrfix.lint.formats.printing import Printing, posix
from ndrfix.lint.model import Finding, Severity

# What XML 1.0 cannot hold, as a reference or otherwise.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(printing: Printing) -> str:
    """The document, with its declaration. Findings milder than a warning pass, their text is in the output."""
    root = ElementTree.Element("testsuites")
    stamp = printing.when.strftime("%Y-%m-%dT%H:%M:%S")
    files = dict.fromkeys([file for file, _ in printing.linted.files] + [each.place.file for each in printing.findings])
    for number, file in enumerate(files):
        found = [each for each in printing.findings if each.place.file == file]
        root.append(_suite(number, posix(file), found, stamp))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(number: int, file: str, found: Sequence[Finding], stamp: str) -> ElementTree.Element:
    failures = [each for each in found if each.severity > Severity.NOTE]
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _clean(file),
            "id": str(number),
            "package": "ndrfix.lint",
            "timestamp": stamp,
            "hostname": _clean(socket.gethostname()) or "localhost",
            "tests": str(max(len(found), 1)),
            "failures": str(len(failures)),
            "errors": "0",
            "time": "0.000",
        },
    )
    ElementTree.SubElement(suite, "properties")
    for finding in found:
        suite.append(_case(file, finding))
    if not found:
        ElementTree.SubElement(suite, "testcase", {"name": "clean", "classname": _clean(file), "time": "0.000"})
    notes = [f"{each.place}: {each.rule} {each.message}" for each in found if each.severity is Severity.NOTE]
    ElementTree.SubElement(suite, "system-out").text = _clean("\n".join(notes))
    ElementTree.SubElement(suite, "system-err").text = ""
    return suite


def _case(file: str, finding: Finding) -> ElementTree.Element:
    place = finding.place
    name = f"{finding.rule} {place.line}:{place.column}"
    case = ElementTree.Element("testcase", {"name": _clean(name), "classname": _clean(file), "time": "0.000"})
    if finding.severity > Severity.NOTE:
        failure = ElementTree.SubElement(
            case, "failure", {"message": _clean(finding.message), "type": finding.severity.word}
        )
        failure.text = _clean(f"{place}: {finding.message}" + (f"\n{finding.help}" if finding.help else ""))
    return case


def _clean(text: str) -> str:
    """The text with what XML cannot hold as a visible escape."""
    return _FORBIDDEN.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
