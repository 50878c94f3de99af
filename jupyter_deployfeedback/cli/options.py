"""Options that several commands share, and what they name: parameters, addresses, the store, runs in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_deployfeedback.cli import screen
from jupyter_deployfeedback.errors import RunNotFound, UsageError

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.run import Run
    from jupyter_deployfeedback.store import Store

FORMATS = ("text", "json", "markdown", "html", "junit")
EXPORTS = (
    *("benchmark-json", "benchmark-json-bigger", "in-toto"),
    *("aicoe", "aicoe-aggregated", "aicoe-metrics", "aicoe-platform"),
)
"""Both written out, because importing the nouns would slow down every help."""
_NAMED_URL = re.compile(r"[^=/:?#]+=")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class FormatChoice(click.Choice):  # type: ignore[type-arg]  # click 8.1 gives it no parameter
    """A format that people read; one for other programs is refused with the command that writes it."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the format, or raise UsageError."""
        if value in EXPORTS:
            problem = f"{value} is read by other programs, and is exported when a run is over."
            raise UsageError(problem, remedy=f"Afterwards: jupyter deployfeedback export --format {value}.")
        return str(super().convert(value, param, ctx))


project_option = click.option(
    "--project",
    "project_file",
    type=click.Path(exists=True, path_type=Path),
    default=Path(),
    help="Project file or its folder.",
)
trust_option = click.option(
    "--trust-repo-filters",
    is_flag=True,
    help="From now on let git execute the filters that this repository's own configuration names.",
)
format_option = click.option(
    "--format", "form", type=FormatChoice(FORMATS), default="text", help="How the feedback is written."
)
output_option = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the feedback to this file."
)


allow_secret_option = click.option(
    "--allow-secret",
    "allow_secrets",
    multiple=True,
    metavar="NAME=ORIGIN",
    help="Let this secret be sent there, this time; may be repeated.",
)


def trust(project_file: Path, *, trust_repo_filters: bool) -> None:
    """Note that the user trusts the filters of a project's repository, where that was said."""
    if trust_repo_filters:
        from jupyter_deployfeedback.pipeline.questions import trust_filters

        trust_filters(project_file if project_file.is_dir() else project_file.parent)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of ``run``: target, baseline, suites, their parameters, how many at once, format and output."""
    options: tuple[Decorator, ...] = (
        click.option("--target", default="", help="The target to test; default: the project's."),
        click.option(
            "--url",
            "urls",
            multiple=True,
            metavar="[TARGET=]URL",
            help="Where a target is; may be repeated.",
        ),
        click.option("--against", help="What to compare with: a target, a run, a tag, last-release or none."),
        click.option("--suite", "suites", multiple=True, help="Run only this suite; may be repeated."),
        click.option("--kernel", help="Run all notebooks on this kernel; default: the project's or the notebook's."),
        click.option(
            "-p", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter of the suites."
        ),
        click.option(
            "-f",
            "--parameters-file",
            "parameters_files",
            multiple=True,
            type=click.Path(dir_okay=False, path_type=Path),
            help="YAML file with parameters of the suites; -p comes before it.",
        ),
        click.option(
            "--matrix", multiple=True, metavar="NAME=V1,V2", help="Run each suite once for each of these values."
        ),
        click.option(
            "--parallel", type=click.IntRange(min=1), help="Suites at once; default: the project's, else one per core."
        ),
        allow_secret_option,
        format_option,
        output_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_parameters(files: tuple[Path, ...], pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Return parameters by name: those of the files, each before the next, then those of the command line.

    Text has the type that YAML gives it: ``-p n 100`` is a number, ``-p name x`` a string.
    """
    if not (files or pairs):
        return {}
    from jupyter_deployfeedback.pipeline.questions import read_parameters_file, read_value

    read: dict[str, Any] = {}
    for file in files:
        read |= read_parameters_file(file)
    return read | {name: read_value(name, text) for name, text in pairs}


def read_matrix(texts: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return the values of each ``NAME=VALUE,VALUE``; of two with the same name the last counts."""
    if not texts:
        return {}
    from jupyter_deployfeedback.pipeline.questions import read_axis

    return dict(map(read_axis, texts))


def read_urls(given: tuple[str, ...]) -> dict[str, str]:
    """Return addresses by target: ``candidate=http://...``; one alone is that of the run's target, named ""."""
    named = (text.partition("=") if _NAMED_URL.match(text) else ("", "", text) for text in given)
    return {name: url for name, _, url in named}


def environment(allow_secrets: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Return the environment of this process, in which these secrets may be sent as their texts say."""
    if not allow_secrets:
        return os.environ
    from jupyter_deployfeedback.pipeline.trust import allowing

    return allowing(allow_secrets, environment=os.environ)


def store() -> Store:
    """Open the store that this machine's settings name."""
    from jupyter_deployfeedback.store import open_store

    opened = open_store(environment=environment())
    if screen.current() is not None:  # whose process goes on
        click.get_current_context().call_on_close(opened.close)
    return opened


def finished(opened: Store, project_file: Path) -> Sequence[Run]:
    """Return the finished runs of the project that governs a place, newest first, those that were imported too."""
    from jupyter_deployfeedback.pipeline.questions import find_project_file

    return opened.list(project_file=str(find_project_file(project_file.resolve())), state="finished", limit=1000)


def newest_finished(opened: Store, project_file: Path) -> str:
    """Return the newest finished run of the project that governs a place; RunNotFound where there is none.

    What was imported never ran, so it is passed over.
    """
    found = next((run.run_id for run in finished(opened, project_file) if run.request.imported is None), None)
    if found is None:
        raise RunNotFound("This project has no finished run.", remedy="Start one: jupyter deployfeedback run.")
    return found
