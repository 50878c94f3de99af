"""What a features suite asks for, read from its spec."""

import re
from dataclasses import dataclass
from pathlib import Path

from jupyter_deployfeedback.execution.suites import Unfinished
from jupyter_deployfeedback.execution.worker.wire import Ending, Spec

USUAL_FOLDER = "features"  # where behave looks when it is told nothing


@dataclass(frozen=True)
class Asked:
    """``pattern`` is a regular expression searched in the absolute path of each feature file, None for all of them.

    ``python`` is the interpreter that somebody chose, ``packages`` the folder of the Pipfile it must satisfy.
    ``url_variables`` are further names under which the tests look for the target's address.
    """

    root: Path
    features: Path
    pattern: str | None
    python: str | None
    packages: Path | None
    python_version: str | None
    url_variables: tuple[str, ...]

    @property
    def arguments(self) -> list[str]:
        """What selects the features on behave's command line."""
        selected = ["-i", self.pattern] if self.pattern else []
        usual = self.features == self.root / USUAL_FOLDER
        return selected if usual else [*selected, str(self.features)]

    def files(self) -> tuple[str, ...]:
        """Return the feature files that will run, relative to the root."""
        found = sorted(self.features.rglob("*.feature")) if self.features.is_dir() else [self.features]
        matching = (file for file in found if self.pattern is None or re.search(self.pattern, str(file)))
        return tuple(file.relative_to(self.root).as_posix() for file in matching)


def read_asked(spec: Spec) -> Asked:
    """Read the spec. Raises Unfinished where no feature can match."""
    options, root = spec.options, Path(spec.folder)
    pattern = options.get("pattern")
    try:
        re.compile(pattern or "")
    except (re.error, OverflowError, RecursionError) as error:
        raise Unfinished(Ending.BROKEN, f"The name {pattern!r} is not a regular expression: {error}.") from None
    asked = Asked(
        root=root,
        features=Path(spec.source),
        pattern=pattern,
        python=options.get("python"),
        packages=root / options["packages"] if options.get("packages") else None,
        python_version=options.get("python_version"),
        url_variables=tuple(options.get("url_variables", ())),
    )
    if not asked.features.exists():
        raise Unfinished(Ending.BROKEN, f"There is no {asked.features.relative_to(root)} in {root.name}.")
    if not asked.files():
        raise Unfinished(Ending.BROKEN, f"No feature matches: the path of no feature file holds {pattern!r}.")
    return asked
