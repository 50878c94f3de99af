"""What a suite of behave features offers, read without running anything."""

from __future__ import annotations

import re
from pathlib import Path

from jupyter_deployfeedback.domain.suite import Suite


def feature_notices(folder: Path, suite: Suite) -> tuple[str, ...]:
    """Say what is odd about a suite's features: none matches its name, or several do."""
    pattern = suite.options.get("pattern")
    features = folder / suite.source
    files = sorted(features.rglob("*.feature")) if features.is_dir() else [features]
    found = [file.relative_to(folder).as_posix() for file in files if re.search(pattern or "", str(file.absolute()))]
    if not found:
        named = f"whose path holds {pattern!r}" if pattern else "at all"
        return (f"{suite.source} has no feature {named}: the suite will be errored.",)
    if pattern and len(found) > 1:
        return (f"{pattern!r} matches {len(found)} feature files, and all are run: {', '.join(found)}.",)
    return ()
