"""Connecting: by hand, and inside a run."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.domain.project import Protocol, RequestShape, ResponseShape, Target
from jupyter_deployfeedback.errors import ProtocolError, TargetTimedOut, TargetUnreachable, UsageError
from jupyter_deployfeedback.probe import environment


def inside_a_run(monkeypatch: pytest.MonkeyPatch, target: Target, baseline: Target | None = None) -> None:
    monkeypatch.setenv(environment.SUITE, "quality")
    monkeypatch.setenv(environment.TARGET, json.dumps(target.model_dump(mode="json")))
    monkeypatch.setenv(environment.DEPLOYED_MODEL_URL, target.url)
    if baseline is not None:
        monkeypatch.setenv(environment.BASELINE, json.dumps(baseline.model_dump(mode="json")))


def test_target_of_the_run_is_the_projects(deploy: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = deploy(lambda visit: visit.answer({"out": [[4]], "v": "2.1"}))
    declared = Target(
        name="candidate",
        url=deployment.url + "/",
        request=RequestShape(path="/v/infer", body={"x": "$inputs"}, headers={"X-Model": "digits"}),
        response=ResponseShape(predictions="$.out", version="$.v"),
        timeout_seconds=3,
    )
    inside_a_run(monkeypatch, declared, baseline=Target(name="released", url="http://127.0.0.1:1"))

    target = jdf.connect()

    assert target.predict([[1, 2]]) == [4]
    assert (target.name, target.url, target.settings.timeout_seconds) == ("candidate", deployment.url, 3.0)
    assert deployment.visits[0][:2] == ("POST", "/v/infer")
    assert deployment.visits[0][2]["X-Model"] == "digits"
    assert target.baseline is not None
    assert target.baseline.name == "released"


def test_address_by_hand_needs_nothing_else(deploy: Callable) -> None:
    deployment = deploy()

    with jdf.connect(deployment.url + "/") as target:
        assert target.predict([[1, 2], [3, 4]]) == [3, 7]

    assert target.name == deployment.url
    assert target.baseline is None


def test_without_run_and_address_the_error_says_what_to_write() -> None:
    with pytest.raises(UsageError, match=r'give the address: connect\("http://127\.0\.0\.1:8001"\)'):
        jdf.connect()


def test_suite_cannot_test_another_target_than_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    inside_a_run(monkeypatch, Target(name="candidate", url="http://127.0.0.1:8002"))

    with pytest.raises(UsageError, match=r"this run tests candidate, but the suite connects to http://127.0.0.1:8001"):
        jdf.connect("http://127.0.0.1:8001")


def test_own_address_inside_its_run_is_the_runs_target(monkeypatch: pytest.MonkeyPatch) -> None:
    inside_a_run(monkeypatch, Target(name="candidate", url="http://127.0.0.1:8002"))

    assert jdf.connect("http://127.0.0.1:8002/").name == "candidate"


def test_deployed_model_url_alone_speaks_the_aicoe_convention(
    deploy: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deploy(lambda visit: visit.answer({"prediction": 7, "latency": 0.1, "probability": 0.5}))
    monkeypatch.setenv(environment.DEPLOYED_MODEL_URL, deployment.url)

    result = jdf.evaluate(jdf.connect(), [[1, 2]], [7])

    assert result.accuracy == 1.0
    assert result.probability.mean() == 0.5


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("127.0.0.1:8001", "is not the address of a deployment"),
        ("file:///etc/passwd", "is not the address of a deployment"),
        ("ftp://host/x", "is not the address of a deployment"),
        ("http://", "is not the address of a deployment"),
        ("http://host:99999", "is not the address of a deployment"),
        ("http://me:hunter22@host/", "the address http://host/ carries a user, password or query"),
        ("http://host/?key=hunter22", "the address http://host/ carries a user, password or query"),
    ],
)
def test_address_that_cannot_be_used_is_refused(url: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        jdf.connect(url)

    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"timeout": 0}, "the timeout 0 is not a time"),
        ({"timeout": float("inf")}, "the timeout inf is not a time"),
        ({"request": {"route": "/x"}}, "Give a dictionary with any of: path, body, headers"),
        ({"response": {"prediction": "$.p"}}, "Give a dictionary with any of: predictions, probabilities, version"),
        ({"response": {"predictions": "predictions"}}, r"Begin with \$"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: dict, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        jdf.connect("http://127.0.0.1:8001", **settings)


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_broken_environment_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(environment.TARGET, text)

    with pytest.raises(UsageError, match="DEPLOYFEEDBACK_TARGET is not a JSON object"):
        jdf.connect()


def test_broken_seed_is_named() -> None:
    with pytest.raises(UsageError, match="DEPLOYFEEDBACK_SEED is 'x'"):
        environment.read_seed({environment.SEED: "x"})


def test_prediction_by_hand_raises_what_went_wrong(deploy: Callable, free_url: str) -> None:
    with pytest.raises(TargetUnreachable, match="cannot be reached"):
        jdf.connect(free_url).predict([[1]])
    with pytest.raises(TargetTimedOut):
        jdf.connect(deploy(lambda visit: visit.hang()).url, timeout=0.1).predict([[1]])
    with pytest.raises(ProtocolError, match=r"answered 404: no\. Check the target's url and request\.path"):
        jdf.connect(deploy(lambda visit: visit.answer(b"no", status=404)).url).predict([[1]])


def test_header_http_does_not_allow_is_wrong_use(deploy: Callable) -> None:
    target = jdf.connect(deploy().url, request={"headers": {"X-Model": "a\r\nX-Evil: b"}})

    with pytest.raises(UsageError, match="cannot be asked"):
        target.predict([[1]])


def test_value_json_does_not_know_is_wrong_use(deploy: Callable) -> None:
    with pytest.raises(UsageError, match="type object cannot be sent as JSON"):
        jdf.connect(deploy().url).predict([object()])


def test_default_settings_are_the_domains() -> None:
    declared = Target(name="a", url="http://127.0.0.1:1")

    settings = jdf.connect("http://127.0.0.1:1").settings

    assert settings.request.path == declared.request.path
    assert settings.request.body == declared.request.body
    assert settings.response.predictions == declared.response.predictions
    assert settings.timeout_seconds == declared.timeout_seconds
    assert settings.protocol == Protocol.REST
