"""The example's server, asked over HTTP as a suite asks it."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import pytest
import requests
import sklearn
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from tests.example.conftest import Deployment, Holdout


def metric(deployment: Deployment, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(deployment.get("/metrics").text)
    samples = (sample for family in families for sample in family.samples)
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def test_ready_and_version_say_which_model_is_served(deployment: Deployment) -> None:
    ready, version = deployment.get("/ready"), deployment.get("/version")

    assert (ready.status_code, ready.json()) == (200, {"ready": True, "model_version": deployment.model_version})
    assert version.json()["model_version"] == deployment.model_version
    assert version.json()["software"]["python"] == platform.python_version()
    assert version.json()["software"]["scikit-learn"] == sklearn.__version__
    assert "numpy" in version.json()["software"]


@pytest.mark.parametrize("version", ["released", "candidate"])
def test_answers_are_those_of_the_trained_model(
    version: str, deployments: dict[str, Deployment], project_folder: Path, holdout: Holdout
) -> None:
    model = joblib.load(project_folder / "deployment" / "models" / f"{version}.joblib")
    images = holdout.images[:50]

    answer = deployments[version].predict({"inputs": images}).json()

    assert answer["predictions"] == model.predict(images).tolist()
    assert answer["probabilities"] == pytest.approx(model.predict_proba(images).max(axis=1), abs=1e-4)
    assert answer["model_version"] == deployments[version].model_version


def test_most_digits_are_read_correctly(deployment: Deployment, holdout: Holdout) -> None:
    predictions = deployment.predict({"inputs": holdout.images}).json()["predictions"]

    right = sum(predicted == digit for predicted, digit in zip(predictions, holdout.digits, strict=True))
    assert right / len(predictions) > 0.95


def test_square_images_are_read_like_flat_ones(deployment: Deployment, holdout: Holdout) -> None:
    flat = holdout.images[0]
    square = [flat[row : row + 8] for row in range(0, 64, 8)]

    assert deployment.predict({"inputs": [square]}).json() == deployment.predict({"inputs": [flat]}).json()


IMAGE = [0] * 64


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param([], "inputs", id="list at the top"),
        pytest.param("x", "inputs", id="text at the top"),
        pytest.param(None, "inputs", id="null"),
        pytest.param({}, "inputs", id="no inputs"),
        pytest.param({"inputs": 3}, "inputs", id="inputs that are a number"),
        pytest.param({"inputs": []}, "1 to 1000 images, not 0", id="no images"),
        pytest.param({"inputs": [IMAGE] * 1001}, "not 1001", id="too many images"),
        pytest.param({"inputs": [[0, 1, 2]]}, "64 values, not 3", id="small image"),
        pytest.param({"inputs": [IMAGE, [0]]}, "64 numbers", id="images of different size"),
        pytest.param({"inputs": [["dark"] * 64]}, "64 numbers", id="text as pixels"),
        pytest.param({"inputs": [[None] * 64]}, "between 0 and 16", id="null as pixels"),
        pytest.param({"inputs": [[17] * 64]}, "between 0 and 16", id="too bright"),
        pytest.param({"inputs": [[-1] * 64]}, "between 0 and 16", id="too dark"),
        pytest.param({"inputs": [[10**400] * 64]}, "64 numbers", id="endless number"),
        pytest.param({"inputs": [{"pixels": IMAGE}]}, "64 numbers", id="image that is a mapping"),
    ],
)
def test_what_is_not_an_image_is_refused_with_a_reason(body: Any, said: str, deployment: Deployment) -> None:
    answer = deployment.predict(body)

    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize("sent", [b"", b"{", b"\xff\xfe", b'{"inputs": [[NaN]]}', b"[" * 100_000])
def test_body_that_is_not_json_is_refused(sent: bytes, deployment: Deployment) -> None:
    answer = requests.post(f"{deployment.url}/predict", data=sent, timeout=10)

    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("asked", "size", "status"),
    [("GET /nowhere", 0, 404), ("GET /predict", 0, 405), ("POST /predict", 2_000_001, 413)],
)
def test_other_mistakes_are_answered_as_json_too(asked: str, size: int, status: int, deployment: Deployment) -> None:
    method, path = asked.split()

    answer = requests.request(method, f"{deployment.url}{path}", data=b" " * size, timeout=10)

    assert answer.status_code == status
    assert answer.json()["error"]


def test_metrics_count_answers_by_status_and_time_them(deployment: Deployment) -> None:
    good = {"path": "/predict", "status": "200"}
    bad = {"path": "/predict", "status": "400"}
    timed = "flask_http_request_duration_seconds_count"
    before = [
        metric(deployment, "flask_http_request_total", **good),
        metric(deployment, "flask_http_request_total", **bad),
        metric(deployment, timed, path="/predict"),
    ]

    for body in ({"inputs": [IMAGE]}, {"inputs": [IMAGE]}, {"inputs": []}):
        deployment.predict(body)

    after = [
        metric(deployment, "flask_http_request_total", **good),
        metric(deployment, "flask_http_request_total", **bad),
        metric(deployment, timed, path="/predict"),
    ]
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 1, 3]


def test_paths_that_clients_make_up_share_one_series(deployment: Deployment) -> None:
    for place in range(3):
        deployment.get(f"/made-up-{place}")

    assert "made-up" not in deployment.get("/metrics").text
    assert metric(deployment, "flask_http_request_total", path="unknown", status="404") >= 3


@pytest.mark.skipif(sys.platform != "linux", reason="prometheus_client reads /proc")
def test_metrics_tell_the_process_and_the_model(deployment: Deployment) -> None:
    assert metric(deployment, "process_cpu_seconds_total") > 0
    assert metric(deployment, "process_resident_memory_bytes") > 10_000_000
    assert metric(deployment, "process_start_time_seconds") > 0
    assert metric(deployment, "digits_model_info", version=deployment.model_version) == 1


def run_app(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "app.py", *arguments]
    return subprocess.run(
        command, cwd=folder / "deployment", capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


def test_port_that_is_taken_is_said_in_one_line(project_folder: Path, deployments: dict[str, Deployment]) -> None:
    port = deployments["released"].url.rpartition(":")[2]

    ended = run_app(project_folder, "--model", "models/released.joblib", "--port", port)

    assert ended.returncode == 2
    assert f"cannot listen on port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_model_that_is_not_trained_yet_says_how_to_train_it(project_folder: Path) -> None:
    ended = run_app(project_folder, "--model", "models/next.joblib")

    assert ended.returncode == 2
    assert "models/next.joblib does not exist; make it with: python train.py" in ended.stderr
