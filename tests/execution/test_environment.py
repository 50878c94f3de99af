"""What a kernel may see of the environment."""

from __future__ import annotations

import json

import pytest

from jupyter_deployfeedback.domain.project import Auth, Platform, Target
from jupyter_deployfeedback.execution.environment import allowed, kernel_environment
from jupyter_deployfeedback.probe.trust import allow

CANDIDATE = Target(name="candidate", url="https://candidate.example/", auth=Auth(bearer="env:MODEL_TOKEN"))
RELEASED = Target(name="released", url="https://released.example", auth=Auth(headers={"X-Key": "env:RELEASED_KEY"}))


SEEN = """
    PATH HOME LANG LC_ALL TZ TMPDIR VIRTUAL_ENV PYTHONPATH CONDA_PREFIX OMP_NUM_THREADS LD_LIBRARY_PATH
    http_proxy HTTPS_PROXY no_proxy SSL_CERT_FILE REQUESTS_CA_BUNDLE
"""
UNSEEN = """
    GITHUB_TOKEN JUPYTERHUB_API_TOKEN JUPYTERHUB_USER AWS_SECRET_ACCESS_KEY CONDA_TOKEN JPY_API_TOKEN PGPASSWORD
    XDG_SECRET DATABASE_URL MY_SETTING DEPLOYFEEDBACK_STORE PATHS
"""


@pytest.mark.parametrize("name", SEEN.split())
def test_what_a_program_needs_to_work_is_seen(name: str) -> None:
    assert allowed({name: "x"}) == {name: "x"}


@pytest.mark.parametrize("name", UNSEEN.split())
def test_nothing_else_is_seen(name: str) -> None:
    assert allowed({name: "x"}) == {}


def test_a_kernel_sees_the_secrets_of_its_targets_and_what_is_declared_and_no_other() -> None:
    environment = {
        "MODEL_TOKEN": "m",
        "RELEASED_KEY": "r",
        "PROMETHEUS_TOKEN": "p",
        "DECLARED": "d",
        "OTHER_TOKEN": "o",
    }
    target = CANDIDATE.model_copy(update={"platform": Platform(auth=Auth(bearer="env:PROMETHEUS_TOKEN"))})
    environment = allow((*target.asked_for, *RELEASED.asked_for), environment=environment)

    seen = kernel_environment(
        environment, target=target, baseline=RELEASED, run_id="r1", suite="quality", declared=("DECLARED", "ABSENT")
    )

    assert {name: seen[name] for name in seen.keys() & environment.keys() - {"DEPLOYFEEDBACK_ALLOWED_SECRETS"}} == {
        "MODEL_TOKEN": "m",
        "RELEASED_KEY": "r",
        "DECLARED": "d",
    }
    assert "ABSENT" not in seen


def test_a_kernel_is_told_of_its_run() -> None:
    seen = kernel_environment({}, target=CANDIDATE, baseline=RELEASED, run_id="r1", suite="quality")

    assert json.loads(seen.pop("DEPLOYFEEDBACK_TARGET")) == CANDIDATE.model_dump(mode="json")
    assert json.loads(seen.pop("DEPLOYFEEDBACK_BASELINE")) == RELEASED.model_dump(mode="json")
    assert seen == {
        "DEPLOYFEEDBACK_RUN_ID": "r1",
        "DEPLOYFEEDBACK_SUITE": "quality",
        "DEPLOYFEEDBACK_SEED": "3925102038",
        "DEPLOYED_MODEL_URL": "https://candidate.example",
    }


def test_without_a_live_baseline_the_kernel_is_told_of_none() -> None:
    seen = kernel_environment(
        {"DEPLOYFEEDBACK_BASELINE": "{}"}, target=CANDIDATE, baseline=None, run_id="r1", suite="quality"
    )

    assert "DEPLOYFEEDBACK_BASELINE" not in seen
