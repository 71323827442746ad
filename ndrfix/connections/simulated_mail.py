"""Made-up mail for simulated hosts: the same messages every time, of every kind that lies in a queue."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from ndrfix.connections.simulation import SimulatedFile
from ndrfix.resources import MessageKind

_DOMAINS = ("hotmail.example", "yahoo.example", "aol.example", "mail.example", "web.example", "post.example")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_REPORT = """\
Received: by mail1.acme.example with Internet Mail Service (5.5.2658.3)
\tid <{id}>; Mon, 3 May 2004 10:00:00 +0200
From: System Administrator <postmaster@acme.example>
To: {victim}
Subject: Undeliverable: {subject}
Date: Mon, 3 May 2004 10:00:00 +0200
MIME-Version: 1.0
X-Mailer: Internet Mail Service (5.5.2658.3)
X-MS-Embedded-Report:{blank}
Content-Type: multipart/mixed; boundary="----_=_NextPart_000_01C43100"

------_=_NextPart_000_01C43100
Content-Type: text/plain; charset="iso-8859-1"

Your message

  To:      {nobody}
  Subject: {subject}
  Sent:    Mon, 3 May 2004 09:59:00 +0200

did not reach the following recipient(s):

{nobody} on Mon, 3 May 2004 09:59:30 +0200
    The recipient name is not recognized
    MSEXCH:IMS:Acme:Head Office:MAIL1 0 (000C05A6) Unknown Recipient

------_=_NextPart_000_01C43100
Content-Type: message/rfc822

From: {victim}
To: {nobody}
Subject: {subject}

{spam}
------_=_NextPart_000_01C43100--
"""
_USER = """\
Received: by mail1.acme.example with Internet Mail Service (5.5.2658.3)
\tid <{id}>; Mon, 3 May 2004 10:00:00 +0200
From: Jo Miller <jo.miller@acme.example>
To: {victim}
Subject: {subject}
Date: Mon, 3 May 2004 10:00:00 +0200
MIME-Version: 1.0
X-Mailer: Internet Mail Service (5.5.2658.3)
Content-Type: text/plain; charset="iso-8859-1"

Hello, here are the papers. {spam}
"""
_RECEIPT = """\
From: Jo Miller <jo.miller@acme.example>
To: {victim}
Subject: Read: {subject}
Date: Mon, 3 May 2004 10:00:00 +0200
MIME-Version: 1.0
X-Mailer: Internet Mail Service (5.5.2658.3)
Content-Type: text/plain; charset="iso-8859-1"

Your message

  To:      Jo Miller
  Subject: {subject}

was read on Mon, 3 May 2004 10:00:00 +0200.
"""
_BOUNCE = """\
From: Mail Delivery Subsystem <MAILER-DAEMON@{domain}>
To: {victim}
Subject: Returned mail: User unknown
Date: Mon, 3 May 2004 10:00:00 +0200
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

   ----- The following addresses had permanent fatal errors -----
<{nobody}>
--b1--
"""
_TEXTS = {
    MessageKind.NDR: _REPORT,
    MessageKind.USER: _USER,
    MessageKind.RECEIPT: _RECEIPT,
    MessageKind.BOUNCE: _BOUNCE,
    MessageKind.UNKNOWN: "\x00\x01 nothing that could be read as mail {id}",
}
_SUBJECTS = ("cheap meds", "your account", "re: invoice 4711", "meeting on Friday", "offer", "win a prize")
_VARIANTS = 500


def mailbox(folder: str, counts: dict[MessageKind, int], *, seed: int = 0, size: int = 3000) -> Iterator[SimulatedFile]:
    """So many messages of each kind as files in a folder, with names as the Internet Mail Service gives them.

    The same arguments give the same messages. `size` is about what a message holds, in bytes.
    """
    chance = random.Random(seed)  # noqa: S311 - made-up mail, nothing secret
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    chance.shuffle(kinds)
    taken: set[str] = set()
    for number, kind in enumerate(kinds):
        name = "".join(chance.choices(_LETTERS, k=8))
        while name in taken:
            name = "".join(chance.choices(_LETTERS, k=8))
        taken.add(name)
        minute, second = divmod(number % 3600, 60)
        modified = f"2004-05-{3 + number // 3600 % 25:02}T10:{minute:02}:{second:02}Z"
        yield SimulatedFile(
            path=f"{folder}\\{name}", content=message(kind, number % _VARIANTS, size), modified=modified
        )


@cache
def message(kind: MessageKind, variant: int, size: int = 3000) -> bytes:
    """A message of a kind; there are as many as there are numbers."""
    chance = random.Random(f"{kind}{variant}")  # noqa: S311 - made-up mail, nothing secret
    domain = _DOMAINS[min(int(chance.expovariate(0.8)), len(_DOMAINS) - 1)]
    text = _TEXTS[kind].format(
        id="".join(chance.choices(_LETTERS, k=8)),
        victim=f"victim{variant}@{domain}",
        nobody=f"nobody{chance.randrange(10_000)}@acme.example",
        subject=f"{chance.choice(_SUBJECTS)} {variant}",
        domain=domain,
        blank=" ",
        spam="Buy now. " * (size // 10),
    )
    return text.replace("\n", "\r\n").encode("latin-1")
