"""Long texts of the wire, packed: thousands of lines about messages hold much that is the same.

A packed text is `z|` and the base64 of a raw deflate stream (RFC 1951), which .NET has had since its version 2.0. The
text in it is ASCII. Whoever unpacks it sets a bound, since a short text can unpack to a very long one.
"""

from __future__ import annotations

import base64
import zlib

from ndrfix.connections.wire_text import WireError

MARK = "z|"
"""What a packed text begins with."""

_RAW = -15  # no header, no checksum: what .NET calls deflate
_LEVEL = 6


def packed(text: str) -> str:
    """The text, packed; it is ASCII."""
    press = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    return MARK + base64.b64encode(press.compress(text.encode("ascii")) + press.flush()).decode("ascii")


def unpacked(text: str, most: int) -> str:
    """What is packed in a text, or the text itself when it is not packed.

    Raises:
        WireError: it is damaged, or holds more than `most` characters; no more than that is ever unpacked.
    """
    if not text.startswith(MARK):
        return text
    press = zlib.decompressobj(_RAW)
    try:
        data = press.decompress(base64.b64decode(text[len(MARK) :], validate=True), most + 1)
        found = data.decode("ascii")
    except (ValueError, zlib.error) as error:
        raise WireError(f"a packed text that is damaged: {error}") from error
    if len(found) > most:
        raise WireError(f"a packed text that holds more than {most} characters")
    if not press.eof or press.unused_data:
        raise WireError("a packed text that is cut off, or has something behind its end")
    return found
