r"""Where things of the Internet Mail Service lie.

The root is found by the value `RootDir` and never assumed: Performance Optimizer can have moved it (Q197792, Q244048,
Q306957).
"""

from __future__ import annotations

from ndrfix.exchange.suppression import VALUE_NAME
from ndrfix.resources import Folder, Located, MessageQueue, RegistryKey, RegistryValue, Service

PARAMETERS = RegistryKey.parse(r"HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters")
IMS = Service("MSExchangeIMC")
CLUSTER = Service("ClusSvc")
"""The cluster service: where it is, Exchange services are stopped in Cluster Administrator only (Q179258)."""
ROOT_DIR = RegistryValue(PARAMETERS, "RootDir")
SUPPRESSION = RegistryValue(PARAMETERS, VALUE_NAME)
QUEUE = MessageQueue(Located(ROOT_DIR))
ARCHIVES = tuple(Folder(Located(ROOT_DIR, tail)) for tail in (r"\in\archive", r"\out\archive"))
"""Copies of messages, kept when Message Archival is on, and of messages that failed (Q306958, Q258557)."""
OUT_FOLDER = Folder(Located(ROOT_DIR, r"\out"))
QUARANTINE_FOLDER = Located(ROOT_DIR, r"\..\ndrfix-quarantine")
"""Beside the root, so on its volume, and in none of its folders that the service works on."""
PARTS = "ndrfix-part"
"""The folder below the root in which copies lie, by run, until they are whole: the service does not look there, as it
does not into the folder beside `out` that Q197792 makes.
"""
PARTS_FOLDER = Located(ROOT_DIR, f"\\{PARTS}")
WORKED_ON = ("in", "out", "pickup", "work")
"""The folders below the root in which the service takes every file for a message."""
