"""How subjects of automatic messages begin, and what systems call themselves as senders.

English wordings are those of the articles named; reports are written in the language of the server (Q229148), and the
other languages are what Outlook and Exchange are known to show, without an article. So no wording makes a message a
non-delivery report by itself: it only adds to what stands in the header and in the report.
"""

from __future__ import annotations

from ndrfix.exchange.mail_header import key


def _keys(*texts: str) -> tuple[str, ...]:
    return tuple(map(key, texts))


UNDELIVERABLE = _keys(
    "Undeliverable:",  # Q251152
    "Nicht zustellbar:",
    "Unzustellbar:",
    "Non remis :",
    "Non distribuable :",
    "Impossible de remettre :",
    "No entregado:",
    "No se puede entregar:",
    "Non recapitabile:",
    "Não entregue:",
    "Onbestelbaar:",
    "Niet te bezorgen:",
    "Kan inte levereras:",
    "Går inte att leverera:",
    "Kan ikke leveres:",
    "Ei voi toimittaa:",
    "Nedoručitelné:",
    "Niedostarczalne:",
    "Недоставлено:",
    "Не удается доставить:",
    "配信不能:",
    "无法投递:",
    "無法傳遞:",
)

RECEIPTS = _keys(
    "Delivered:",  # Q174039
    "Read:",
    "Not read:",
    "Out of Office AutoReply:",
    "Automatic reply",
    "AutoReply",
    "Auto reply",
    "Auto-reply",
    "Auto response",
    "Autoresponse",
    "Notification: Inbound Mail Failure",  # Q190021: to the administrator
    "Disposition notification",
    "Zugestellt:",
    "Übermittelt:",
    "Gelesen:",
    "Nicht gelesen:",
    "Ungelesen gelöscht:",
    "Abwesenheitsnotiz:",
    "Remis :",
    "Lu :",
    "Non lu :",
    "Absent(e) du bureau",
    "Entregado:",
    "Leído:",
    "No leído:",
    "Fuera de la oficina",
    "Recapitato:",
    "Letto:",
    "Non letto:",
    "Fuori sede",
    "Bezorgd:",
    "Gelezen:",
    "Niet gelezen:",
    "Afwezigheidsbericht",
    "Entregue:",
    "Lida:",
    "Não lida:",
    "Levererat:",
    "Läst:",
    "Leveret:",
    "Læst:",
)

BOUNCES = _keys(
    *("Undeliverable", "Undelivered", "Undelivered Mail Returned to Sender", "Returned mail", "Returned to sender"),
    *(
        "Mail delivery failed",
        "Mail delivery failure",
        "Mail failure",
        "Delivery failure",
        "Delivery Status Notification",
    ),
    *(
        "failure notice",
        "Delivery Notification",
        "Delivery report",
        "Non-delivery",
        "Warning: message",
        "Warning: could not send",
    ),
    *(
        "Message delivery",
        "Delayed mail",
        "DELIVERY FAILURE:",
        "Nondeliverable mail",
        "Mail System Error",
        "Postmaster notify",
    ),
)

ANSWERS = _keys(
    "Re:", "AW:", "Antw:", "SV:", "RES:", "Fw:", "Fwd:", "WG:", "TR:", "RV:", "I:", "ENC:", "Doorst:", "VS:", "VB:"
)
"""How mail clients begin the subjects of answers, and of what is passed on."""

SYSTEM_LOCALS = frozenset({"postmaster", "mailer-daemon", "mailerdaemon", "mail-daemon", "mdaemon", "mailer_daemon"})
"""The local parts under which systems write."""

SYSTEM_NAMES = _keys(
    "System Administrator",  # Q251152; without blanks it is German too
    "Mailer-Daemon",
    "Administrateur système",
    "Administrador del sistema",
    "Amministratore di sistema",
    "Administrador do sistema",
    "Systeembeheerder",
    "Systemadministratör",
    "Системный администратор",
    "システム管理者",
)


def begins(subject: str, wordings: tuple[str, ...]) -> bool:
    """True when a decoded subject begins with one of the wordings."""
    return key(subject).startswith(wordings)
