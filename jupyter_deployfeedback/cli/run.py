"""``run``: the suites against a target, or each. ``work``: the same for a run that the server has acknowledged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_deployfeedback import run_process
from jupyter_deployfeedback.cli import options, screen
from jupyter_deployfeedback.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_deployfeedback.domain.feedback import FeedbackReport
    from jupyter_deployfeedback.domain.run import Run, RunRequest
    from jupyter_deployfeedback.run_process import WorkerProcess
    from jupyter_deployfeedback.store import Store

FOLLOW_EACH_OTHER = ("text", "markdown")  # other documents cannot stand in one stream


@click.command("run")
@options.project_option
@click.option(
    "--continue", "continues", metavar="RUN", help="Add to an inconclusive run what it needs and judge all together."
)
@options.trust_option
@click.option("--all-targets", is_flag=True, help="Run once for each target, one after the other.")
@options.run_options
def run_command(*, all_targets: bool, trust_repo_filters: bool, **chosen: Any) -> int:  # noqa: ANN401 - click passes its options by name
    """Run the suites against a target and print the feedback.

    Exit codes: 0 pass or warn, 1 fail, 2 wrong use or project file, 3 inconclusive, 4 could not run.
    """
    options.trust(chosen["project_file"], trust_repo_filters=trust_repo_filters)
    if all_targets:
        return run_each(run_and_emit, **chosen)
    report = run_and_emit(**chosen)
    say_who_was_not_run(report, chosen["urls"])
    return report.exit_code


def run_and_emit(*, form: str, output: Path | None, **asked: Any) -> FeedbackReport:  # noqa: ANN401 - click's options
    """Start a run, show its progress, print its feedback."""
    with run_process.prepare(options.environment()) as worker:  # it loads papermill while this process loads the rest
        screen.empty(output)
        report = _evaluate(worker=worker, **asked)
    screen.append_step_summary(report, environment=options.environment())
    screen.emit(report, form=form, output=output)
    return report


def _evaluate(
    *,
    worker: WorkerProcess,
    project_file: Path,
    parameters_files: tuple[Path, ...],
    parameters: tuple[tuple[str, str], ...],
    matrix: tuple[str, ...],
    urls: tuple[str, ...],
    continues: str | None = None,
    allow_secrets: tuple[str, ...] = (),
    **asked: Any,  # noqa: ANN401 - what goes into the request as it is
) -> FeedbackReport:
    from jupyter_deployfeedback.cli.progress import show_progress
    from jupyter_deployfeedback.domain.run import RunRequest
    from jupyter_deployfeedback.pipeline.run import continue_run, evaluate, start

    request = RunRequest(
        project_file=str(project_file.resolve()),
        parameters=options.read_parameters(parameters_files, parameters),
        matrix=options.read_matrix(matrix),
        urls=options.read_urls(urls),
        **asked,
    )
    opened = options.store()
    environment = options.environment(allow_secrets)
    with run_process.cancelled_by_signals() as cancelled:  # before there is a run: a stopped one is never lost
        if continues is None:
            run = start(request, store=opened, environment=environment)
        else:
            _refuse_other_choices(request)
            run = continue_run(continues, store=opened, environment=environment)
        _say_what_to_expect(run, store=opened)
        with show_progress(parallel=run.request.parallel) as tell:
            return evaluate(
                run.run_id, store=opened, environment=environment, tell=tell, cancelled=cancelled, workers=[worker]
            )


def _say_what_to_expect(run: Run, *, store: Store) -> None:
    """Tell, before a request is sent, which suites cannot be run, and a person what the others can settle."""
    from jupyter_deployfeedback.cli.project import expectations
    from jupyter_deployfeedback.pipeline.plan import plan_run

    plan = plan_run(run.request, store=store, environment=options.environment())
    for problem in dict.fromkeys(suite.problem for suite in plan.suites if suite.problem):
        click.echo(f"Not run: {problem}", err=True)
    if not sys.stderr.isatty():
        return
    for (subject, asked), expected in expectations(plan.project, plan.suites).items():
        click.secho(f"{subject.text} {asked.text} {expected.sentence}", dim=True, err=True)


def _refuse_other_choices(request: RunRequest) -> None:
    """Raise UsageError for what a continued run may not choose: it asks what the run before it asked."""
    asked = request.model_dump(exclude={"project_file"})
    if any(asked.values()):
        raise UsageError(
            "--continue takes target, addresses, baseline, suites, kernel and parameters from the run it continues.",
            remedy="Leave out --target, --url, --against, --suite, --kernel, -p, -f, --matrix and --parallel.",
        )


@click.command("work", hidden=True)
@click.argument("run_id")
def work_command(*, run_id: str) -> int:
    """Evaluate an acknowledged run; its events go to stdout as JSON lines. Ends when its parent does."""
    from jupyter_deployfeedback.run_process.work import work

    return work(run_id, store=options.store(), workers=())


def run_each(
    run: Callable[..., FeedbackReport],
    *,
    project_file: Path,
    urls: tuple[str, ...],
    form: str,
    output: Path | None,
    **chosen: Any,  # noqa: ANN401 - click's options
) -> int:
    """Run each target but the live baseline; return the exit code of the worst verdict.

    ``output`` becomes a file for each, with the target's name in its own. Raises UsageError, before anything is sent.
    """
    from jupyter_deployfeedback.domain.verdict import worst
    from jupyter_deployfeedback.pipeline.plan import open_project

    if chosen["target"] or chosen["continues"] or "" in options.read_urls(urls):
        remedy = "Leave out --target and --continue, and say of each address whose it is: --url TARGET=URL."
        raise UsageError("--all-targets runs every target of the project.", remedy=remedy)
    if output is None and form not in FOLLOW_EACH_OTHER:
        remedy = f"Name it: --output FILE; the target's name is added. Or take {' or '.join(FOLLOW_EACH_OTHER)}."
        raise UsageError(f"--all-targets writes a file of {form} for each target.", remedy=remedy)
    project = open_project(project_file.resolve(), environment=options.environment())
    names = [name for name in project.targets if name != (chosen["against"] or project.baseline)]
    reports = []
    for name in names:
        file = output and output.with_stem(f"{output.stem}-{name}")
        asked = chosen | {"project_file": project_file, "urls": urls, "form": form, "output": file, "target": name}
        reports.append(run(**asked))
    _say_how_to_compare(reports)
    return worst([report.verdict for report in reports]).exit_code


def say_who_was_not_run(report: FeedbackReport, urls: tuple[str, ...]) -> None:
    """Tell which targets got an address and were left alone."""
    others = options.read_urls(urls).keys() - {"", report.run.target, report.run.baseline}
    if others:
        click.echo(f"Not run: {', '.join(sorted(others))}. With --all-targets each target is.", err=True)


def _say_how_to_compare(reports: Sequence[FeedbackReport]) -> None:
    first, *others = (report.run for report in reports)
    for each in others:
        what = f"{each.target} beside {first.target}: jupyter deployfeedback compare {each.run_id} {first.run_id}"
        click.echo(what, err=True)
