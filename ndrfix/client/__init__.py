"""Who is worked for: the client's folder, name, change window and what reports look like."""

from ndrfix.client.home import RUNS, Home, clients_of, home_of
from ndrfix.client.hours import Hours, hours_of, moment, until_of
from ndrfix.client.loading import load_client
from ndrfix.client.model import UNLABELLED, Branding, Client
from ndrfix.client.window import ChangeWindow, Span, Zone
from ndrfix.owner import FILE

__all__ = [
    "FILE",
    "RUNS",
    "UNLABELLED",
    "Branding",
    "ChangeWindow",
    "Client",
    "Home",
    "Hours",
    "Span",
    "Zone",
    "clients_of",
    "home_of",
    "hours_of",
    "load_client",
    "moment",
    "until_of",
]
