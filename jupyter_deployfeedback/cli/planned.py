"""What the planned examples can settle, told before they are sent."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jupyter_deployfeedback.errors import DeployFeedbackError

if TYPE_CHECKING:
    from jupyter_deployfeedback import lineage
    from jupyter_deployfeedback.domain.project import Project
    from jupyter_deployfeedback.domain.suite import Suite


def expectations(project: Project, suites: tuple[Suite, ...]) -> lineage.Expectations:
    """Return by subject and expression what can be expected; without a store that opens, without what a run showed."""
    from jupyter_deployfeedback import lineage
    from jupyter_deployfeedback.cli import options

    store = None
    with suppress(DeployFeedbackError):
        store = options.store()
    return lineage.expected(project, suites, store=store)
