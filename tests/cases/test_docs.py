"""README and docs show nothing that does not work: each block is executed, or says in a comment why it is not."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import nbformat
import pytest
import yaml
from click.testing import CliRunner
from papermill.cli import papermill

from jupyter_deployfeedback.cli.main import group
from jupyter_deployfeedback.pipeline.plan import check_project

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(?P<language>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
EXCUSE = re.compile(r"<!-- not executed(?: `(?P<which>[^`]+)`)?: (?P<why>\S.{9,}) -->")
NAMES = "|".join(group.list_commands(click.Context(group)))
INLINE = re.compile(rf"`((?:jupyter deployfeedback|papermill|make|{NAMES}) [^`]+)`")
SYNOPSES = {"reference.md", "promises.md"}  # whose spans hold placeholders, or the names of tests
OURS = ["jupyter", "deployfeedback"]
DOCTOR = {"doctor": {0, 4}}  # whether this machine lacks something is not the page's fault
NOT_EXECUTED = {"README.md": 4, "execution.md": 1, "guide.md": 17}
PLACES = {"http://my-model:8080": "{url}", "DATE": "2026-12-31"}
TARGET = {"name": "candidate", "response": {"predictions": "$.predictions", "probabilities": "$.probabilities"}}
SUITE = """\
import jupyter_deployfeedback as jdf
result = jdf.evaluate(jdf.connect(), [[each] for each in range(400)], [0] * 400)
jdf.check(result.accuracy == 1, "it answers 0")
"""


@dataclass(frozen=True)
class Block:
    """A fenced block, and why what of it is not executed: the beginning of a command, or "" for all."""

    page: str
    line: int
    language: str
    text: str
    excuses: dict[str, str]

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands of a shell, or the magics, of this block."""
        shown = [shlex.join(shlex.split(line, comments=True)) for line in self.text.splitlines()]
        return [each for each in shown if each and (self.language in {"sh", "bash"} or each.startswith("%"))]

    def excuse(self, command: str) -> str | None:
        """Return the part of the comment that a command is excused by, None where it is executed."""
        return next((which for which in self.excuses if command.startswith(which)), None)


def read_blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        before = text[: found.start()]
        comments = re.search(rf"(?:^{EXCUSE.pattern}\n)*\Z", before, re.MULTILINE)
        excuses = {each["which"] or "": each["why"] for each in EXCUSE.finditer(comments[0] if comments else "")}
        yield Block(page.name, before.count("\n") + 1, found["language"], found["text"], excuses)


BLOCKS = [block for page in PAGES for block in read_blocks(page)]
COMMANDS = [(block, command) for block in BLOCKS for command in block.commands]
INLINE_COMMANDS = [
    (page.name, each if each.split()[0] in {"jupyter", "papermill", "make"} else f"jupyter deployfeedback {each}")
    for page in PAGES
    for each in INLINE.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
    if page.name not in SYNOPSES or each.startswith("jupyter ")
]


def of(*languages: str) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in BLOCKS if block.language in languages]


def read_command(command: str) -> None:
    """Hold that a command's program, options and arguments exist; nothing is executed.

    One without the argument it requires is a mere name, in a sentence.
    """
    words = shlex.split(command)
    if words[:2] == OURS or words[0] == "%deployfeedback":
        words = words[2:] if words[:2] == OURS else words[1:]
        with click.Context(group, info_name="jupyter deployfeedback") as context:
            name, found, rest = group.resolve_command(context, words)
            assert found is not None, command
            while isinstance(found, click.Group) and rest:
                with click.Context(found, info_name=name, parent=context) as inner:
                    name, found, rest = found.resolve_command(inner, rest)
            assert found is not None, command
            if rest or not (isinstance(found, click.Group) or any(each.required for each in found.params)):
                found.make_context(name, rest, parent=context)
    elif words[0] == "papermill":
        papermill.make_context("papermill", words[1:])
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), command
    elif words[:2] == ["pip", "install"]:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        wanted = re.findall(r"\[(.+)\]", command)
        assert {each for some in wanted for each in some.split(",")} <= set(extras), command
    else:
        assert words[0] in {"cd", "echo", "%load_ext"}, f"nobody knows how to read {command!r}"


class Model(BaseHTTPRequestHandler):
    """Answers each example with 0."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"predictions": [0] * len(asked["inputs"]), "probabilities": [0.5] * len(asked["inputs"])})

    def answer(self, page: object) -> None:
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def notebook(file: Path, *cells: str, parameters: tuple[str, ...] = ()) -> None:
    first = nbformat.v4.new_code_cell(
        "\n".join(f"{each} = 1" for each in parameters), metadata={"tags": ["parameters"]}
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    written = nbformat.v4.new_notebook(cells=[first, *map(nbformat.v4.new_code_cell, cells)])
    nbformat.write(written, file)


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("block", of("yaml"))
def test_a_block_of_yaml_is_a_project(block: Block, tmp_path: Path) -> None:
    defaults = {"version": 1, "targets": {"candidate": {"url": "http://127.0.0.1:9"}}, "suites": ["suite.ipynb"]}
    given = yaml.safe_load(block.text)
    missing = {key: value for key, value in defaults.items() if key not in given}
    (tmp_path / "deployfeedback.yaml").write_text(block.text + (yaml.safe_dump(missing) if missing else ""))
    for suite in {**defaults, **given}["suites"]:
        entry = {"notebook": suite} if isinstance(suite, str) else suite
        if "notebook" in entry:
            names = (*entry.get("parameters", {}), *entry.get("matrix", {}), *filter(None, [entry.get("more")]))
            notebook(tmp_path / entry["notebook"], "assert True", parameters=tuple(dict.fromkeys(names)))
        elif "results" in entry:
            (tmp_path / entry["results"]).parent.mkdir(exist_ok=True)
            (tmp_path / entry["results"]).write_text("{}")
        else:
            (tmp_path / entry["features"]).mkdir()
            (tmp_path / entry["features"] / "gather_metrics.feature").write_text("Feature: it answers\n")

    project = check_project(tmp_path, environment={})

    assert [each.problem for each in project.suites] == [None] * len(project.suites)


@pytest.mark.parametrize(
    "command",
    [pytest.param(each, id=f"{block.place} {each}") for block, each in COMMANDS]
    + [pytest.param(each, id=f"{page} {each}") for page, each in INLINE_COMMANDS],
)
def test_a_command_has_the_options_that_are_shown(command: str) -> None:
    mere_name = command in {each for _, each in INLINE_COMMANDS}  # in a sentence an option may lack its value
    for place, real in PLACES.items():
        command = re.sub(rf"\b{re.escape(place)}\b", real, command)
    with suppress(*[click.BadOptionUsage] * mere_name):
        read_command(command)


def test_the_reference_names_the_options_that_there_are() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    listed = page[page.index("## Commands") : page.index("## REST")]
    option = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
    known = {name: _options(name) for name in group.list_commands(click.Context(group))}
    for words in re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\| (`.+?`) \|", listed, re.MULTILINE))):
        if words.split()[0] in known:
            assert set(option.findall(words)) <= known[words.split()[0]], words

    assert set().union(*known.values()) - set(option.findall(listed)) == set()


def test_the_reference_says_nothing_twice() -> None:
    rows = re.findall(
        r"^\| (.+?) \| (.+) \|$", (ROOT / "docs" / "reference.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    said = [cell for row in rows for cell in row if len(cell) > 20 and "---" not in cell]

    assert [cell for cell, times in Counter(said).items() if times > 1] == []


def _options(name: str) -> set[str]:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    shown = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    return {each.opts[0] for each in shown}


def test_commands_do_what_their_page_says(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my-model"
    notebook(folder / "suites" / "quality.ipynb", SUITE, parameters=("n",))
    git(folder, "init", "--quiet")
    monkeypatch.setenv("DEPLOYFEEDBACK_RECORDS", str(tmp_path / "records"))
    monkeypatch.chdir(folder)
    for block, shown in COMMANDS:
        if block.excuse(shown) is None:
            _execute(shown.replace("http://my-model:8080", model), block, folder)

    records = [json.loads(line) for line in (tmp_path / "records").read_text().splitlines()]
    assert [each.get("name", each.get("title")) for each in records] == ["cold_start", "it answers"]


def _execute(command: str, block: Block, folder: Path) -> None:
    words = shlex.split(command)
    if words[0] == "cd":
        assert folder.name == words[1], block.place
    elif words[0] == "echo":  # as it stands there: its quotation marks are the point
        subprocess.run(["bash", "-euc", next(line for line in block.text.splitlines() if words[1] in line)], check=True)
    else:
        assert words[:2] == OURS, f"{block.place}: {command} is not executed, and does not say why"
        if words[2] == "init":
            (folder / "deployfeedback.yaml").unlink(missing_ok=True)
        done = CliRunner().invoke(group, words[2:], standalone_mode=False)
        assert done.exception is None, f"{block.place}: {command}: {done.exception}"
        assert (done.return_value or 0) in DOCTOR.get(words[2], {0}), f"{block.place}: {command}: {done.output}"
        if words[2] == "init":
            git(folder, "add", "--all")
            git(folder, "commit", "--quiet", "--message=Feedback", "--allow-empty")


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if block.language == "python"}))
def test_blocks_of_python_run_one_after_the_other(page: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYFEEDBACK_TARGET", json.dumps(TARGET | {"url": model}))
    images = [[[0.0, 1.0], [1.0, 0.0]]] * 4
    names: dict[str, Any] = {"images": images, "labels": [0] * 4, "ids": ["a", "b", "c", "d"]}
    for block in BLOCKS:
        if (block.page, block.language) == (page, "python"):
            code = compile(block.text, block.place, "exec")
            if "" not in block.excuses:
                exec(code, names)


def test_what_is_not_executed_says_why_and_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    excused = [(block, each) for block, each in COMMANDS if block.excuse(each) is not None]
    excused += [(block, "python") for block in BLOCKS if block.language == "python" and "" in block.excuses]
    used = {(block.place, block.excuse(each) or "") for block, each in excused}
    executed = len(COMMANDS) + len([block for block in BLOCKS if block.language in {"python", "yaml"}]) - len(excused)
    with capsys.disabled():
        print(f"\ndocs: {executed} blocks and commands are executed, {len(excused)} are not and say why,")
        print(f"{len(INLINE_COMMANDS)} commands within sentences are read")

    assert {(block.place, which) for block in BLOCKS for which in block.excuses} == used, "an excuse for nothing"
    assert {block.language for block in BLOCKS} <= {"sh", "bash", "python", "yaml", "", "{toctree}"}
    counted = {page.name: sum(block.page == page.name for block, _ in excused) for page in PAGES}
    assert {page: number for page, number in counted.items() if number} == NOT_EXECUTED
