"""What a run is to do: playbooks with the place of everything in them, their templates and their variables."""

from ndrfix.playbook.loading import load_playbook
from ndrfix.playbook.model import Batch, Expression, Play, Playbook, StepSchema, Task, VarsFile
from ndrfix.playbook.registered import NotKnownYetError, Registered
from ndrfix.playbook.scope import HasValue, Level, Scope, Variable
from ndrfix.playbook.tags import check_tags, selected

__all__ = [
    "Batch",
    "Expression",
    "HasValue",
    "Level",
    "NotKnownYetError",
    "Play",
    "Playbook",
    "Registered",
    "Scope",
    "StepSchema",
    "Task",
    "Variable",
    "VarsFile",
    "check_tags",
    "load_playbook",
    "selected",
]
