"""Settings that are given once and for all, in `ndrfix.cfg` or the environment."""

from ndrfix.config.configuration import FILE, Configuration, Value, configuration
from ndrfix.config.settings import BY_NAME, CONFIG, OTHER_VARIABLES, SETTINGS, Kind, Plain, Setting

__all__ = [
    "BY_NAME",
    "CONFIG",
    "FILE",
    "OTHER_VARIABLES",
    "SETTINGS",
    "Configuration",
    "Kind",
    "Plain",
    "Setting",
    "Value",
    "configuration",
]
