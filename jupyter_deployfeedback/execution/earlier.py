"""What a continued run tells its suites of the runs before it, in files that only this user may read."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_deployfeedback.domain.evaluation import Continuation
from jupyter_deployfeedback.probe.environment import CONTINUES

PRIVATE = 0o600


def tell_earlier(continues: Continuation | None, *, suite: str, folder: Path) -> dict[str, str]:
    """Write what was asked of a suite before into a folder that goes with the worker; return the variable naming it.

    Nothing where nothing is continued, or where the suite evaluated nothing: it runs as it always does.
    """
    asked = continues.asked.get(suite, ()) if continues is not None else ()
    if continues is None or not asked:
        return {}
    told = continues.model_copy(update={"asked": {suite: asked}})
    path = folder / f"asked-{len(list(folder.glob('asked-*')))}.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w", encoding="utf-8") as file:
        file.write(told.model_dump_json())
    return {CONTINUES: str(path)}
