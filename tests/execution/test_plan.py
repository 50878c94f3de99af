"""Which suites a run executes, and with which parameters."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.suite import Suite
from jupyter_deployfeedback.errors import UnknownParameter, UnknownSuite, UsageError
from jupyter_deployfeedback.execution import plan_suites

PROJECT = Project(
    name="digits",
    folder="/digits",
    file="/digits/deployfeedback.yaml",
    targets={"candidate": Target(name="candidate", url="http://127.0.0.1:1")},
    default_target="candidate",
    suites=(
        Suite(name="smoke", source="suites/smoke.ipynb"),
        Suite(name="quality", source="suites/quality.ipynb", parameters={"n": 500, "seed": 1}),
        Suite(name="latency", source="suites/latency.ipynb"),
    ),
)
KNOWN = {"smoke": frozenset(), "quality": frozenset({"n", "seed"}), "latency": frozenset({"n"})}


def test_all_suites_run_when_none_is_selected() -> None:
    planned = plan_suites(PROJECT, known_parameters=KNOWN)

    assert [suite.name for suite in planned] == ["smoke", "quality", "latency"]


def test_selected_suites_run_in_the_files_order() -> None:
    planned = plan_suites(PROJECT, selected=("latency", "smoke", "latency"), known_parameters=KNOWN)

    assert [suite.name for suite in planned] == ["smoke", "latency"]


def test_a_parameter_goes_to_every_suite_that_knows_it_and_to_no_other() -> None:
    planned = plan_suites(PROJECT, parameters={"n": 10}, known_parameters=KNOWN)

    assert [suite.parameters for suite in planned] == [{}, {"n": 10, "seed": 1}, {"n": 10}]


def test_an_unknown_suite_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(UnknownSuite) as raised:
        plan_suites(PROJECT, selected=("latecy",), known_parameters=KNOWN)

    assert str(raised.value) == (
        "/digits/deployfeedback.yaml declares no suite 'latecy'. "
        "Did you mean 'latency'? Suites: smoke, quality, latency."
    )


def test_a_parameter_that_no_suite_knows_is_an_error() -> None:
    with pytest.raises(UnknownParameter) as raised:
        plan_suites(PROJECT, parameters={"sed": 2}, known_parameters=KNOWN)

    assert str(raised.value) == "No suite of this run takes a parameter 'sed'. Did you mean 'seed'? It knows: n, seed."


def test_a_parameter_in_the_file_that_its_suite_does_not_know_is_an_error() -> None:
    project = PROJECT.model_copy(update={"suites": (Suite(name="smoke", source="s.ipynb", parameters={"n": 1}),)})

    with pytest.raises(UnknownParameter) as raised:
        plan_suites(project, known_parameters=KNOWN)

    assert str(raised.value) == (
        "Suite 'smoke' (s.ipynb) takes no parameter 'n'. Tag a cell 'parameters' to declare some."
    )


@pytest.mark.parametrize("name", ["token", "api_key", "db_password", "CLIENT_SECRET", "apikey"])
def test_a_parameter_that_looks_like_a_secret_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="looks like a secret"):
        plan_suites(PROJECT, parameters={name: "x"}, known_parameters={"quality": frozenset({name, "n", "seed"})})


@pytest.mark.parametrize("name", ["max_tokens", "monkey"])
def test_a_parameter_that_only_sounds_like_a_secret_is_not_refused(name: str) -> None:
    planned = plan_suites(PROJECT, parameters={name: 1}, known_parameters={"quality": frozenset({name, "n", "seed"})})

    assert planned[1].parameters[name] == 1
