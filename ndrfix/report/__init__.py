"""Reports of a run: what people read (`render`), what programs read (`ndrfix.report.document`), and the exit code."""

from ndrfix.errors import ExitCode
from ndrfix.report.exit import exit_code
from ndrfix.report.progress import Live, progress_line
from ndrfix.report.screen import render
from ndrfix.report.way_back import NO_COMMANDS, Commands

__all__ = ["NO_COMMANDS", "Commands", "ExitCode", "Live", "exit_code", "progress_line", "render"]
