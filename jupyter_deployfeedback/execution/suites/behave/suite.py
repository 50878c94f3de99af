"""Runs a features suite from beginning to end."""

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from jupyter_deployfeedback.execution.suites import Account, Unfinished
from jupyter_deployfeedback.execution.suites.behave import judging
from jupyter_deployfeedback.execution.suites.behave import numbers as gathered
from jupyter_deployfeedback.execution.suites.behave.asked import Asked, read_asked
from jupyter_deployfeedback.execution.suites.behave.folder_lock import one_at_a_time
from jupyter_deployfeedback.execution.suites.behave.interpreter import Interpreter, choose_interpreter
from jupyter_deployfeedback.execution.suites.behave.process import Finished, run_program
from jupyter_deployfeedback.execution.suites.notebook.source import ExecutedCopy
from jupyter_deployfeedback.execution.suites.traffic import traffic_of
from jupyter_deployfeedback.execution.worker.wire import Cell, CellEnded, Ending, Event, Opened, Recorded, Spec
from jupyter_deployfeedback.probe.environment import DEPLOYED_MODEL_URL
from jupyter_deployfeedback.probe.records import RECORD_MIME

KIND = "scenario"
_HOOK = re.compile(r"HOOK-ERROR in .*")
_SUMMARY = re.compile(r"(\d+ \w+ passed|Took |Failing scenarios|Errored scenarios|ABORTED|LOG_WARNING|USING RUNNER)")
Tell = Callable[[Event], None]
LARGEST_ATTACHMENT = 2_000_000  # bytes
_TEXT = ("text/", "application/json")


def run(spec: Spec, *, tell: Tell, deadline: float, account: Account) -> None:
    """Run the features that match in the project's folder and tell what became of each scenario."""
    asked = read_asked(spec)
    python = choose_interpreter(asked, environment=spec.environment, deadline=deadline)
    account.packages, account.kernel = python.packages, python.described
    account.notices.extend(python.notices)
    if asked.pattern and len(files := asked.files()) > 1:
        account.notices.append(f"{asked.pattern!r} matches {len(files)} feature files, and all are run: {_list(files)}")
    with one_at_a_time(asked.root, deadline=deadline):
        _Bench(spec, asked, python, tell, deadline, account).run()


@dataclass(frozen=True)
class _Bench:
    """All that the steps of one suite share."""

    spec: Spec
    asked: Asked
    python: Interpreter
    tell: Tell
    deadline: float
    account: Account

    def run(self) -> None:
        """List the scenarios, run them, read what they left."""
        expected = self._expect()
        files = gathered.MetricsFiles(self._beside("metrics"), root=self.asked.root, environment=self.spec.environment)
        live = judging.Live(expected, tell=self.tell)
        traffic = traffic_of(self.spec)
        reports = (*self._reports("report"), "-f", "plain", *self._junit())
        finished = self._behave(*reports, hear=live.hear, first=traffic.code)
        self.account.asked, self.account.unseen = traffic.asked()
        report = judging.read_report(self._beside("report"), junit=self._folder("junit"))
        judgement = judging.judge(expected, report, stopped=finished.stopped is not None)
        for end in judgement.ends:
            self.tell(end)
        short = self._tell_numbers(report, files)
        self.account.notices.extend(judgement.notices)
        self._keep(expected, report, judgement, finished)
        if finished.stopped is not None:
            raise finished.stopped
        _refuse_broken(finished, report, judgement)
        if short is not None:
            less = f"Send them all, or ask for fewer: {gathered.LIMIT_VARIABLE}."
            raise Unfinished(Ending.BROKEN, f"{short[0].upper()}{short[1:]}. {less}")

    def _expect(self) -> dict[str, judging.Scenario]:
        """List the scenarios with a dry run and tell them; it imports the steps, so it finds what is missing there."""
        finished = self._behave("--dry-run", *self._reports("expected"), hear=_unheard)
        if finished.stopped is not None:
            raise finished.stopped
        report = judging.read_report(self._beside("expected"))
        if not report.complete:
            files = self.asked.files()
            self.tell(Opened(tuple(Cell(file, KIND, file, title=file) for file in files)))
            raise Unfinished(Ending.BROKEN, f"behave cannot begin: {_last_words(finished)}")
        several = len({scenario.feature for scenario in report.scenarios.values()}) > 1
        titles = {
            id_: f"{each.feature}: {each.name}" if several else each.name for id_, each in report.scenarios.items()
        }
        self.tell(
            Opened(
                tuple(
                    Cell(cell_id, KIND, each.text, title=titles[cell_id], could_fail=bool(each.steps))
                    for cell_id, each in report.scenarios.items()
                )
            )
        )
        return report.scenarios

    def _behave(self, *arguments: str, hear: Callable[[str], None], first: str = "") -> Finished:
        return run_program(
            [*self.python.program(first), *arguments, *self.asked.arguments],
            folder=self.asked.root,
            environment=self._environment(),
            deadline=self.deadline,
            hear=hear,
        )

    def _environment(self) -> dict[str, str]:
        given = self.python.environment(self.spec.environment)
        url = given.get(DEPLOYED_MODEL_URL, "")
        return {
            **given,
            **dict.fromkeys(self.asked.url_variables, url),
            gathered.STORE_VARIABLE: str(self._beside("metrics")),
            "PYTHONUNBUFFERED": "1",  # so that its lines come when they are written
            "PYTHONDONTWRITEBYTECODE": "1",  # nothing is added to the repository
        }

    def _tell_numbers(self, report: judging.Report, files: gathered.MetricsFiles) -> str | None:
        attached = [each for scenario in report.scenarios.values() for each in gathered.attachments(scenario)]
        objects = [(each.cell_id, flat) for each in attached if (flat := gathered.flat_object(each)) is not None]
        written, stale = files.written()
        merged = {name: value for _, flat in objects for name, value in flat.items()}
        numbers = gathered.read_numbers(written, merged, environment=self.spec.environment)
        home = next(iter(report.scenarios), "")
        owners = {name: cell_id for cell_id, flat in objects for name in flat}
        for record in numbers.records:
            self.tell(Recorded(owners.get(record["name"], home), RECORD_MIME, record))
        self.account.notices.extend((*stale, *numbers.notices))
        return numbers.short

    def _keep(
        self,
        expected: Mapping[str, judging.Scenario],
        report: judging.Report,
        judgement: judging.ScenarioEnd,
        finished: Finished,
    ) -> None:
        """Write the notebook that shows the suite; the panel opens it as it opens an executed one."""
        for scenario in report.scenarios.values():
            self.account.notices.extend(too_large(scenario))
        cut = "\n... the rest of the output is not kept" if finished.truncated else ""
        notebook = show(
            expected,
            report.scenarios,
            ends={end.cell_id: end for end in judgement.ends},
            heading=f"{self.python.described}, exit code {finished.code}",
            output="\n".join((*finished.output, cut, *finished.errors)),
        )
        ExecutedCopy(Path(self.spec.artifact)).save(notebook, now=True)

    def _reports(self, name: str) -> tuple[str, ...]:
        return "-f", "json", "-o", str(self._beside(name))

    def _junit(self) -> tuple[str, ...]:
        return "--junit", "--junit-directory", str(self._folder("junit"))

    def _beside(self, name: str) -> Path:
        """Return the place of a JSON file of this suite, in the run's folder of artifacts."""
        return Path(self.spec.artifact).with_suffix(f".{name}.json")

    def _folder(self, name: str) -> Path:
        return Path(self.spec.artifact).with_suffix(f".{name}")


def _refuse_broken(finished: Finished, report: judging.Report, judgement: judging.ScenarioEnd) -> None:
    """Raise where behave did not end as its scenarios say. Exit code 0 alone proves nothing."""
    if not report.complete:
        how = f"was killed by signal {-finished.code}" if finished.code < 0 else f"ended with exit code {finished.code}"
        raise Unfinished(Ending.PROCESS_DIED, f"behave {how} before its report was complete: {_last_words(finished)}")
    if not report.scenarios and judgement.ends:
        raise Unfinished(Ending.BROKEN, f"behave ran no scenario: {_last_words(finished)}")
    if finished.code != 0 and not judgement.red:
        said = _last_words(finished)
        raise Unfinished(Ending.BROKEN, f"No scenario failed, but behave ended with exit code {finished.code}: {said}")


def _last_words(finished: Finished) -> str:
    """Return the line that says why behave broke off: a hook's error, else the last of stderr, else of stdout."""
    lines = [line.strip() for line in (*finished.output, *finished.errors)]
    hooks = [line for line in lines if _HOOK.fullmatch(line)]
    if hooks:
        return hooks[0]
    for stream in (finished.errors, finished.output):
        said = [line.strip() for line in stream if line.strip() and not _SUMMARY.match(line.strip())]
        if said:
            return said[-1]
    return "it said nothing"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) + "."


def _unheard(_: str) -> None:
    """Pass over what a dry run prints."""


def show(
    expected: Mapping[str, judging.Scenario],
    found: Mapping[str, judging.Scenario],
    *,
    ends: Mapping[str, CellEnded],
    heading: str,
    output: str,
) -> nbformat.NotebookNode:
    """Return a notebook with one cell for each scenario, whose id is the case's, and all that behave printed."""
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell(heading, id="about")]
    for cell_id, scenario in expected.items():
        end = ends.get(cell_id)
        outputs = [*_steps(found.get(cell_id)), *_error(end)]
        cells.append(
            v4.new_code_cell(
                scenario.text, id=cell_id, execution_count=end.execution_count if end else None, outputs=outputs
            )
        )
    cells.append(v4.new_raw_cell(output, id="output"))
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "gherkin"}})


def too_large(scenario: judging.Scenario) -> list[str]:
    """Name the attachments that are too large to be kept."""
    return [
        f"{scenario.name}: an attachment of {len(each.content)} bytes ({each.mime}) was not kept."
        for each in gathered.attachments(scenario)
        if len(each.content) > LARGEST_ATTACHMENT
    ]


def _steps(scenario: judging.Scenario | None) -> Iterator[Any]:
    if scenario is None:
        return
    lines = (
        f"{judging.step_text(step)} ... {(step.get('result') or {}).get('status', 'not run')}"
        for step in scenario.steps
    )
    yield nbformat.v4.new_output("stream", name="stdout", text="\n".join(lines) + "\n")
    for each in gathered.attachments(scenario):
        if len(each.content) <= LARGEST_ATTACHMENT:
            yield nbformat.v4.new_output("display_data", data=_bundle(each))


def _bundle(attachment: gathered.Attachment) -> dict[str, str]:
    """Show texts as plain text, whatever they call themselves: an attached page must not run in the viewer."""
    if attachment.mime.startswith(_TEXT):
        return {"text/plain": attachment.content.decode(errors="replace")}
    if attachment.mime in {"image/png", "image/jpeg"}:
        return {attachment.mime: base64.b64encode(attachment.content).decode()}
    return {"text/plain": f"{len(attachment.content)} bytes of {attachment.mime}"}


def _error(end: CellEnded | None) -> Iterator[Any]:
    if end is not None and end.error is not None:
        name, message, traceback = end.error
        yield nbformat.v4.new_output("error", ename=name, evalue=message, traceback=traceback.splitlines())
