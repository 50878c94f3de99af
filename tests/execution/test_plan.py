"""Which suites a run executes, and with which parameters."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import Suite
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


def with_matrix(**axes: tuple[object, ...]) -> Project:
    """The project, with a matrix of its quality suite."""
    smoke, quality, latency = PROJECT.suites
    parameters = {name: value for name, value in quality.parameters.items() if name not in axes}
    swept = Suite.model_validate(quality.model_dump() | {"parameters": parameters, "matrix": axes})
    return PROJECT.model_copy(update={"suites": (smoke, swept, latency)})


GRID = with_matrix(n=(100, 200), seed=(1, 2))


def names(suites: tuple[Suite, ...]) -> list[str]:
    return [suite.name for suite in suites]


def test_a_suite_with_a_matrix_becomes_one_for_each_point_and_the_last_axis_changes_fastest() -> None:
    planned = plan_suites(GRID, known_parameters=KNOWN)

    assert names(planned) == [
        "smoke",
        "quality[n=100,seed=1]",
        "quality[n=100,seed=2]",
        "quality[n=200,seed=1]",
        "quality[n=200,seed=2]",
        "latency",
    ]
    assert planned[2].parameters == {"n": 100, "seed": 2}
    assert (planned[2].point_of, planned[2].source, planned[2].matrix) == ("quality", "suites/quality.ipynb", {})


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        (("quality[n=200,seed=1]", "smoke"), ["smoke", "quality[n=200,seed=1]"]),
        (("quality[n=200,seed=1]", "quality"), [f"quality[n={n},seed={seed}]" for n in (100, 200) for seed in (1, 2)]),
    ],
)
def test_points_are_selected_by_their_own_name_or_by_their_suites(
    selected: tuple[str, ...], expected: list[str]
) -> None:
    assert names(plan_suites(GRID, selected=selected, known_parameters=KNOWN)) == expected


def test_a_misspelt_point_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(UnknownSuite, match=r"Did you mean 'quality\[n=200,seed=1\]'"):
        plan_suites(GRID, selected=("quality[n=20,seed=1]",), known_parameters=KNOWN)


@pytest.mark.parametrize(
    ("parameters", "matrix", "expected"),
    [
        ({"seed": 7}, {}, ["quality[n=100]", "quality[n=200]", "latency"]),
        ({"n": 5, "seed": 7}, {}, ["quality", "latency"]),
        ({}, {"seed": [3]}, ["quality[n=100,seed=3]", "quality[n=200,seed=3]", "latency"]),
        ({"seed": 7}, {"n": [1, 2]}, ["quality[n=1]", "quality[n=2]", "latency[n=1]", "latency[n=2]"]),
    ],
)
def test_what_is_given_comes_before_the_files_matrix(
    parameters: dict[str, object], matrix: dict[str, list[object]], expected: list[str]
) -> None:
    planned = plan_suites(GRID, parameters=parameters, matrix=matrix, known_parameters=KNOWN)

    assert names(planned) == ["smoke", *expected]
    assert all(suite.parameters[name] == value for suite in planned[1:2] for name, value in parameters.items())


def test_an_axis_comes_before_a_parameter_of_the_file() -> None:
    planned = plan_suites(PROJECT, matrix={"n": [1, 2]}, selected=("quality",), known_parameters=KNOWN)

    assert [suite.parameters for suite in planned] == [{"n": 1, "seed": 1}, {"n": 2, "seed": 1}]


@pytest.mark.parametrize(
    ("parameters", "matrix", "expected"),
    [
        ({"n": 1}, {"n": [1, 2]}, "Parameter 'n' has a value and a matrix."),
        ({}, {"n": []}, "The matrix of 'n' has no values."),
        ({}, {"n": [1, "1"]}, "The matrix of 'n' has '1' twice."),
        ({}, {"sed": [1]}, "No suite of this run takes a parameter 'sed'. Did you mean 'seed'?"),
        ({}, {"api_token": ["hunter2"]}, "Parameter 'api_token' looks like a secret"),
        ({}, {"n": list(range(300))}, "The matrix of suite 'quality' has 600 points; 500 are the most."),
    ],
)
def test_a_matrix_is_checked_as_parameters_are(
    parameters: dict[str, object], matrix: dict[str, list[object]], expected: str
) -> None:
    with pytest.raises(UsageError) as raised:
        plan_suites(GRID, parameters=parameters, matrix=matrix, known_parameters=KNOWN)

    assert str(raised.value).startswith(expected)


def test_an_axis_of_the_file_that_its_notebook_does_not_know_is_an_error() -> None:
    with pytest.raises(UnknownParameter, match="Suite 'quality'"):
        plan_suites(with_matrix(depth=(1, 2)), known_parameters=KNOWN)


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (None, "null"), (0.5, "0.5"), ("a b", "a b")])
def test_values_stand_in_a_points_name_as_in_yaml(value: object, expected: str) -> None:
    (planned,) = plan_suites(PROJECT, matrix={"seed": [value]}, selected=("quality",), known_parameters=KNOWN)

    assert planned.name == f"quality[seed={expected}]"
