"""The commands that look back, check and tag."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from click import Context

from jupyter_deployfeedback.cli.main import group
from jupyter_deployfeedback.store import open_store

README = Path(__file__).parents[2] / "README.md"


def test_run_show_list_compare_and_release_tell_one_story(
    jdf: Callable[..., object], quick: Path, deployments: dict[str, str]
) -> None:
    first = jdf("run", "--against", "none", "--format", "json", cwd=quick, env=deployments)
    second = jdf("run", "--format", "json", cwd=quick, env=deployments)
    old, new = json.loads(first.stdout), json.loads(second.stdout)
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert new["run"]["paired"] is True

    shown = jdf("show", "--format", "json", cwd=quick)
    assert json.loads(shown.stdout) == new

    listed = jdf("list", "--format", "json", cwd=quick)
    assert [run["run_id"] for run in json.loads(listed.stdout)] == [new["run"]["run_id"], old["run"]["run_id"]]

    compared = jdf(
        "compare", new["run"]["run_id"], old["run"]["run_id"], "--format", "json", cwd=quick, env=deployments
    )
    assert json.loads(compared.stdout)["run"]["baseline"] == old["run"]["run_id"], compared.stderr

    tagged = jdf("release", "2.1.0", cwd=quick)
    assert tagged.returncode == 0, tagged.stderr
    message = subprocess.run(["git", "tag", "-n99", "v2.1.0"], cwd=quick, capture_output=True, text=True, check=True)
    assert new["headline"] in message.stdout
    assert new["run"]["run_id"] in message.stdout

    after = jdf("run", "--against", "last-release", "--format", "json", cwd=quick, env=deployments)
    assert json.loads(after.stdout)["run"]["baseline"] == "v2.1.0"


def test_a_tag_that_the_remote_has_elsewhere_is_neither_made_nor_recorded(
    jdf: Callable[..., object], quick: Path, deployments: dict[str, str], tmp_path: Path
) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=quick, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    git("remote", "add", "origin", str(tmp_path / "remote.git"))
    git("push", "--quiet", "origin", "HEAD~1:refs/tags/v2.1.0")
    assert jdf("run", "--against", "none", cwd=quick, env=deployments).returncode == 0

    refused = jdf("release", "2.1.0", "--push", cwd=quick)

    assert refused.returncode == 2
    assert "The tag v2.1.0 exists on origin at commit" in refused.stderr
    assert git("tag", "--list") == ""
    with open_store(environment=os.environ) as store:
        assert store.releases(str(quick / "deployfeedback.yaml")) == []


def test_a_waived_failure_can_be_released_and_everybody_sees_it(
    jdf: Callable[..., object], quick: Path, deployments: dict[str, str]
) -> None:
    file = quick / "deployfeedback.yaml"
    file.write_text(file.read_text().replace('pass: [">=0.8"]', 'pass: [">=99.9%", ">=0%"]'))
    subprocess.run(["git", "commit", "--quiet", "--all", "--message=Ask for too much"], cwd=quick, check=True)
    judged = jdf("run", "--format", "json", cwd=quick, env=deployments)
    report = json.loads(judged.stdout)
    run_id, name = report["run"]["run_id"], "accuracy >=99.9%"
    assert judged.returncode == 1, judged.stdout
    # the gate tested itself: only it knows that no sample can break this limit
    assert "accuracy >=0% can hardly ever fail: no sample lies well beyond its limit" in report["notices"]
    assert jdf("release", "2.1.0", cwd=quick).returncode == 1

    who = ("--by", "Ada Lovelace", "--reason", "It is a demonstration", "--until")
    assert jdf("waive", run_id, "--finding", name, *who, "2020-01-01", cwd=quick).returncode == 2
    assert jdf("waive", run_id, "--finding", "accuracy >=0%", *who, "2099-12-31", cwd=quick).returncode == 2
    waived = jdf("waive", run_id, "--finding", name, *who, "2099-12-31", cwd=quick)
    assert waived.returncode == 0, waived.stderr
    assert waived.stdout.endswith("The verdict stays fail; the gate is open.\n")

    sentence = f"{name} is waived by Ada Lovelace until 2099-12-31: It is a demonstration."
    shown = json.loads(jdf("show", run_id, "--format", "json", cwd=quick).stdout)
    assert (shown["verdict"], shown["exit_code"], shown["waivers"][0]["sentence"]) == ("fail", 1, sentence)
    tagged = jdf("release", "2.1.0", cwd=quick)
    assert tagged.returncode == 0, tagged.stderr
    message = subprocess.run(["git", "tag", "-n99", "v2.1.0"], cwd=quick, capture_output=True, text=True, check=True)
    assert sentence in message.stdout


def test_init_writes_a_file_that_check_accepts(jdf: Callable[..., object], project: Path) -> None:
    (project / "deployfeedback.yaml").unlink()
    made = jdf("init", "--url", "http://127.0.0.1:8002", cwd=project)
    assert made.returncode == 0, made.stderr
    checked = jdf("check", cwd=project)
    assert checked.returncode == 0, checked.stderr
    assert "http://127.0.0.1:8002" in checked.stdout


def test_check_doubts_rules_that_are_legal_but_hardly_meant(jdf: Callable[..., object], project: Path) -> None:
    file = project / "deployfeedback.yaml"
    file.write_text(file.read_text().replace(">=-2pp", ">=-2%").replace("<=+15%", "<=+0%"))

    checked = jdf("check", cwd=project)

    assert checked.returncode == 0, checked.stderr
    assert ">=-2%: % of a share is a ratio; did you mean pp?" in checked.stdout
    assert "<=+0%: a tolerance of 0 leaves an unchanged system inconclusive" in checked.stdout


def test_init_keeps_the_file_it_replaces(jdf: Callable[..., object], project: Path) -> None:
    before = (project / "deployfeedback.yaml").read_text()
    made = jdf("init", "--force", "--url", "http://127.0.0.1:8002", cwd=project)
    assert made.returncode == 0, made.stderr
    assert (project / "deployfeedback.yaml.bak").read_text() == before


def test_init_that_is_refused_changes_nothing(jdf: Callable[..., object], project: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

    made = jdf("init", "--force", "--url", "nowhere", cwd=project)

    assert made.returncode == 2
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_doctor_finds_what_is_missing(jdf: Callable[..., object], project: Path, deployments: dict[str, str]) -> None:
    called = jdf("doctor", cwd=project, env={**deployments, "DIGITS_CANDIDATE_URL": "http://127.0.0.1:9"})
    assert called.returncode == 4
    lines = called.stdout.splitlines()
    assert any(line.startswith("✓ target released: ") for line in lines)
    assert any(line.startswith("✗ target candidate: ") for line in lines)


def test_help_names_every_command(jdf: Callable[..., object]) -> None:
    called = jdf("--help")
    for command in ("demo", "init", "check", "doctor", "run", "show", "list", "compare", "waive", "release"):
        assert f"\n  {command} " in called.stdout


def test_messages_and_pages_name_commands_that_exist() -> None:
    top = README.parent
    files = [README, *(top / "docs").rglob("*.md"), *(top / "jupyter_deployfeedback").rglob("*.py")]
    named = {word for file in files for word in re.findall(r"jupyter deployfeedback ([a-z]+)", file.read_text())}

    assert "run" in named
    assert [word for word in sorted(named) if group.get_command(Context(group), word) is None] == []


def test_a_commands_help_does_not_import_what_only_other_commands_need(jdf: Callable[..., object]) -> None:
    import os
    import sys

    called = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "jupyter_deployfeedback.cli", "--help"],
        capture_output=True, text=True, check=True, env=dict(os.environ),
    )  # fmt: skip
    loaded = {line.rsplit("|", 1)[-1].strip() for line in called.stderr.splitlines()}
    assert loaded.isdisjoint({"pydantic", "sqlalchemy", "papermill", "scipy", "tornado", "requests"})
