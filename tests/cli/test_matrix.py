"""Parameters from a file and a matrix on the command line, with really deployed models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET


def test_each_point_of_a_matrix_has_its_results_in_every_rendering(
    jdf: Callable[..., object], quick: Path, deployments: dict[str, str]
) -> None:
    ran = jdf("run", "--matrix", "n=130,150", "--format", "json", cwd=quick, env=deployments)

    report = json.loads(ran.stdout)
    points = ["quality[n=130]", "quality[n=150]"]
    assert ran.returncode == 0, ran.stderr
    assert [(suite["name"], suite["artifact"]) for suite in report["suites"]] == [
        ("quality[n=130]", "quality_n_130_.ipynb"),
        ("quality[n=150]", "quality_n_150_.ipynb"),
    ]
    assert [(each["rule"], each["n"]) for each in report["findings"] if each["rule"].startswith("accuracy")] == [
        ("accuracy{suite:quality[n=130]}", 130),
        ("accuracy{suite:quality[n=150]}", 150),
    ]
    assert [(row["point"], row["n"]) for row in report["metrics"] if row["name"] == "accuracy"] == [
        ("quality[n=130]", 130),
        ("quality[n=150]", 150),
    ]
    assert all(f"{point}: passed" in ran.stderr for point in points)
    junit = ET.fromstring(jdf("show", "--format", "junit", cwd=quick).stdout)
    assert [suite.get("name") for suite in junit] == ["rules", *points]


def test_the_command_line_comes_before_the_file_and_a_later_file_before_an_earlier_one(
    jdf: Callable[..., object], quick: Path, deployments: dict[str, str]
) -> None:
    (quick / "many.yaml").write_text("n: 700\n")
    (quick / "few.yaml").write_text("n: 120\n")

    files = ("-f", "many.yaml", "--parameters-file", "few.yaml")
    by_file = jdf("run", *files, "--format", "json", cwd=quick, env=deployments)
    by_option = jdf("run", *files, "-p", "n", "140", "--format", "json", cwd=quick, env=deployments)

    found = [json.loads(each.stdout)["findings"] for each in (by_file, by_option)]
    assert [[each["n"] for each in findings if each["rule"] == "accuracy"] for findings in found] == [[120], [140]]
