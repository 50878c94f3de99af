"""What answers the routes: paths become projects, errors stay errors, nothing blocks the server's loop."""

import asyncio
import logging
import os
from collections import ChainMap
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from jupyter_deployfeedback import errors
from jupyter_deployfeedback.domain.run import Release, Run, RunRequest, RunState
from jupyter_deployfeedback.domain.verdict import Verdict, Waiver
from jupyter_deployfeedback.feedback import Format, draw_charts, render
from jupyter_deployfeedback.pipeline import forecast, questions, trust
from jupyter_deployfeedback.pipeline.plan import check_project, open_project
from jupyter_deployfeedback.pipeline.questions import MAX_PARALLEL_VARIABLE, find_project_file, health, kernels_of
from jupyter_deployfeedback.pipeline.release import commit_changes, release, waive
from jupyter_deployfeedback.pipeline.run import continue_run, reap, start
from jupyter_deployfeedback.run_process.client import work_command
from jupyter_deployfeedback.server import views, wire
from jupyter_deployfeedback.server.runs import RunProcesses
from jupyter_deployfeedback.store import STORE_VARIABLE, Store, open_store

MOST_DIFFS = 50
Result = TypeVar("Result")
Accepted = TypeVar("Accepted", bound=wire.Body)


class Desk:
    """One desk per server: it holds the store and the processes of the runs."""

    def __init__(  # noqa: PLR0913 - one for each setting of the server
        self,
        *,
        root: Path,
        store_url: str | None,
        max_runs: tuple[int, int],  # that work at once, and that wait beside them
        emit: Callable[..., None],
        touch: Callable[[], None],
        log: logging.Logger,
        standby: Callable[[int], list[str]] | None = None,
        max_parallel_suites: int | None = None,
        allowed_secrets: Collection[str] = (),
    ) -> None:
        self._root = root.resolve()
        self._under = str(self._root).rstrip(os.sep) + os.sep  # so begin the files of this server's projects
        self._most_runs = sum(max_runs)
        self._store: Store = open_store(store_url, environment=os.environ)
        reap(self._store)
        limits = {} if max_parallel_suites is None else {MAX_PARALLEL_VARIABLE: str(max_parallel_suites)}
        if allowed_secrets:
            limits |= trust.allowing(allowed_secrets, environment={})
        self._environment: Mapping[str, str] = ChainMap(limits, os.environ)
        self._processes = RunProcesses(
            limit=max_runs[0],
            command=work_command,
            standby_command=standby,
            environment={STORE_VARIABLE: self._store.url, **limits},
            store=self._store,
            emit=emit,
            touch=touch,
            log=log,
        )
        for run in self._store.adopt(under=self._under):  # what waited when an earlier server ended
            log.info("run %s waited for a server: it is next", run.run_id)
            self._processes.submit(run, log_file=self._store.artifacts(run.run_id) / "run.log")

    async def close(self) -> None:
        """End the runs that work; those that wait are left to the next server."""
        await self._processes.close()

    async def project(self, path: str) -> wire.ProjectAnswer:
        """Return the project that governs a path, or the problems of its file."""

        def found() -> wire.ProjectAnswer:
            start = self._local(path)
            try:
                project = check_project(self._governed(start), environment=self._environment)
            except errors.ProjectNotFound:
                raise
            except errors.ProjectError as error:
                return wire.ProjectAnswer(project=None, problems=views.problem_bodies(error, root=self._root))
            if project.kernels.preload is not None:
                self._processes.expect(set(kernels_of(project)), preload=project.kernels.preload)
            expected = forecast.expected(project, project.suites, store=self._store)
            trusted = trust.trusting(project, environment=self._environment)
            body = views.project_body(project, root=self._root, expected=expected, trusted=trusted)
            return wire.ProjectAnswer(project=body, problems=())

        await run_blocking(self._processes.warm_up)
        return await run_blocking(found)

    async def health(self, path: str, *, target: str) -> wire.HealthAnswer:
        """Ask a target how it is."""

        def asked() -> wire.HealthAnswer:
            project = open_project(self._governed(self._local(path)), environment=self._environment)
            facts = health(project, target, environment=self._environment)
            return wire.HealthAnswer(facts=facts, platform_source=project.targets[target].platform.source)

        return await run_blocking(asked)

    async def allow_secret(self, body: dict[str, Any]) -> wire.SecretBody:
        """Keep that the user lets a secret go where the project asks to send it; only what it asks for."""
        asked = accepted(wire.AllowSecret, body)

        def allowed() -> wire.SecretBody:
            project = open_project(self._governed(self._local(asked.path)), environment=self._environment)
            found = {use for target in project.targets.values() for use in target.asked_for}
            chosen = [use for use in found if use == (asked.reference, asked.origin)]
            if not chosen:
                raise errors.UsageError("The project does not ask for that.", remedy="Read the project again.")
            trust.allow_always(map(str, chosen))
            return wire.SecretBody(reference=asked.reference, origin=asked.origin, allowed=True)

        return await run_blocking(allowed)

    async def create_run(self, body: dict[str, Any]) -> wire.RunBody:
        """Acknowledge a run and have it worked off."""
        asked = accepted(wire.CreateRun, body)

        def started() -> Run:
            file = str(self._governed(self._local(asked.path)))
            for url in asked.urls.values():  # somebody typed it
                trust.allow_address(url, project_file=file)
            request = RunRequest(
                project_file=file,
                target=asked.target or "",
                against=asked.against,
                suites=tuple(asked.suites),
                kernel=asked.kernel,
                parameters=asked.parameters,
                matrix=asked.matrix,
                urls=asked.urls,
            )
            return start(request, store=self._store, environment=self._environment, by_server=True)

        return await self._submitted(started)

    async def continue_run(self, run_id: str) -> wire.RunBody:
        """Acknowledge a run that adds to an inconclusive one, and have it worked off."""

        def started() -> Run:
            before = self._own(run_id)
            return continue_run(before.run_id, store=self._store, environment=self._environment, by_server=True)

        return await self._submitted(started)

    async def runs(
        self, path: str | None, *, state: str | None, verdict: str | None, limit: int, after: str | None
    ) -> wire.RunsAnswer:
        """List runs, newest first."""
        _check_choice("state", state, among=list(RunState))
        _check_choice("verdict", verdict, among=list(Verdict))

        def listed() -> list[Run]:
            file = str(self._governed(self._local(path))) if path is not None else None
            before = None if after is None else self._own(after).run_id
            return self._store.list(
                project_file=file, state=state, verdict=verdict, limit=limit, after=before, under=self._under
            )

        runs = await run_blocking(listed)
        following = runs[-1].run_id if runs and len(runs) == limit else None
        return wire.RunsAnswer(runs=tuple(self._body(run) for run in runs), next=following)

    async def run(self, run_id: str) -> wire.RunAnswer:
        """Return one run and how far it has come."""

        def told() -> wire.RunAnswer:
            run = self._own(run_id)
            events = self._store.events(run_id)
            stage = None if run.state.terminal else views.working_stage(events)
            return wire.RunAnswer(run=self._body(run), stage=stage, suites=views.suite_progress(events))

        return await run_blocking(told)

    async def events(self, run_id: str, *, after: int) -> wire.EventsAnswer:
        """Return the events of a run after a sequence number."""
        events = await run_blocking(lambda: self._store.events(self._own(run_id).run_id, after=after))
        return wire.EventsAnswer(events=tuple(events))

    async def feedback(self, run_id: str, *, form: str) -> str:
        """Return the report of a finished run in one format."""
        return await run_blocking(lambda: render(self._store.feedback(self._own(run_id).run_id), Format(form)))

    async def charts(self, run_id: str, *, width: int) -> wire.ChartsAnswer:
        """Return the plots of a finished run's report."""

        def drawn() -> wire.ChartsAnswer:
            plots = draw_charts(self._store.feedback(self._own(run_id).run_id), width=width)
            return wire.ChartsAnswer(charts=tuple(wire.ChartBody(title=each.title, spec=each.spec) for each in plots))

        return await run_blocking(drawn)

    async def cancel(self, run_id: str) -> wire.RunBody:
        """Ask a run to stop; one that still waits in the queue is cancelled at once."""
        run = await run_blocking(lambda: self._store.request_cancel(self._own(run_id).run_id))
        if run.state is RunState.CANCELLED:
            self._processes.forget(run_id)
        return self._body(run)

    async def create_waiver(self, run_id: str, body: dict[str, Any]) -> Waiver:
        """Keep that a person answers for a finding."""
        asked = accepted(wire.CreateWaiver, body)
        given = {name: getattr(asked, name) for name in ("finding", "by", "reason", "until")}
        return await run_blocking(
            lambda: waive(self._own(run_id).run_id, **given, store=self._store, now=datetime.now(UTC))
        )

    async def artifact(self, run_id: str, name: str) -> bytes:
        """Return a file kept for a run."""
        return await run_blocking(lambda: self._store.artifact(self._own(run_id).run_id, name).read_bytes())

    async def releases(self, path: str) -> wire.ReleasesAnswer:
        """List the releases of a project, newest first."""

        def listed() -> wire.ReleasesAnswer:
            file = self._governed(self._local(path))
            return wire.ReleasesAnswer(releases=tuple(self._store.releases(str(file))))

        return await run_blocking(listed)

    async def create_release(self, body: dict[str, Any]) -> Release:
        """Tag the commit that a run tested."""
        asked = accepted(wire.CreateRelease, body)

        def released() -> Release:
            run_id = self._own(asked.run_id).run_id
            known = partial(release, run_id, store=self._store, environment=os.environ)
            return known(version=asked.version, push=asked.push, by=asked.by)

        return await run_blocking(released)

    async def changes(self, path: str) -> wire.ChangesAnswer:
        """Return how the files under the root that differ from a project's commit do so."""

        def told() -> wire.ChangesAnswer:
            project = open_project(self._governed(self._local(path)), environment=os.environ)
            files = questions.changed_files(project, within=self._root)[:MOST_DIFFS]
            return wire.ChangesAnswer(
                changes={file: questions.differences(Path(project.folder), file) for file in files}
            )

        return await run_blocking(told)

    async def create_commit(self, body: dict[str, Any]) -> wire.ProjectAnswer:
        """Commit changed files and return the project as it is then."""
        asked = accepted(wire.CreateCommit, body)

        def committed() -> None:
            project = open_project(self._governed(self._local(asked.path)), environment=os.environ)
            commit_changes(project, asked.files, message=asked.message, by=asked.by, within=self._root)

        await run_blocking(committed)
        return await self.project(asked.path)

    async def _submitted(self, start: Callable[[], Run]) -> wire.RunBody:
        def started() -> tuple[Run, Path]:
            run = start()
            return run, self._store.artifacts(run.run_id) / "run.log"

        with self._processes.place(among=self._most_runs):
            asked = (run_blocking(started), run_blocking(self._processes.warm_up))  # both at once; the run counts
            begun, _ = await asyncio.gather(*asked, return_exceptions=True)
            if isinstance(begun, BaseException):
                raise begun
            run, log_file = begun
            self._processes.submit(run, log_file=log_file)
        return self._body(run)

    def _own(self, run_id: str) -> Run:
        """Return a run of a project under this server's root; any other is RunNotFound, as if it were not there."""
        return self._store.get(run_id, under=self._under)

    def _local(self, path: str) -> Path:
        """Return the local path of a path relative to the server's root; ProjectNotFound where it leads outside."""
        try:
            local = Path(os.path.realpath(self._root / path.lstrip("/")))  # unlike resolve, takes a loop of links
            if local.is_relative_to(self._root) and local.exists():
                return local
        except (OSError, ValueError) as error:  # too long for a path, or with a character that none has
            raise _not_found(path) from error
        raise _not_found(path)

    def _governed(self, start: Path) -> Path:
        file = find_project_file(start)
        if not Path(os.path.realpath(file)).is_relative_to(self._root):
            raise _not_found(start.name)
        return file

    def _body(self, run: Run) -> wire.RunBody:
        return views.run_body(run, root=self._root)


def run_blocking(function: Callable[..., Result], *arguments: Any) -> Awaitable[Result]:  # noqa: ANN401 - passed through
    """Call what blocks in a thread, beginning now; the server's loop stays free."""
    return asyncio.get_running_loop().run_in_executor(None, function, *arguments)


def accepted(model: type[Accepted], body: dict[str, Any]) -> Accepted:
    """Return the body as a model; UsageError names the key that is wrong."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise errors.UsageError(f"{key}: {first['msg']}.", remedy="Mend the request's body.") from error


def _check_choice(name: str, value: str | None, *, among: Collection[str]) -> None:
    """Raise UsageError for a value that nothing can have: an empty list would say that there is none."""
    if value is not None and value not in among:
        raise errors.UsageError(f"There is no {name} {value!r}.", remedy=f"Choose one of: {', '.join(among)}.")


def _not_found(path: str) -> errors.ProjectNotFound:
    problem = errors.Problem(
        file=path, line=None, key="", problem="lies outside the server's root folder, or does not exist.", remedy=""
    )
    return errors.ProjectNotFound([problem], remedy="Open a notebook in a folder with a deployfeedback.yaml.")
