"""Who is worked for: the client's folder, name, change window and what reports look like."""

from ndrfix.client.home import RUNS, Home, home_of
from ndrfix.client.loading import FILE, load_client
from ndrfix.client.model import Branding, Client
from ndrfix.client.window import ChangeWindow, Span, Zone

__all__ = ["FILE", "RUNS", "Branding", "ChangeWindow", "Client", "Home", "Span", "Zone", "home_of", "load_client"]
