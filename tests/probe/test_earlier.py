"""What ``evaluate`` does in a run that continues others: it sends what is new and shows everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.comparison.continued import asked_before
from jupyter_deployfeedback.domain.evaluation import Continuation
from jupyter_deployfeedback.errors import HarnessError, UsageError
from jupyter_deployfeedback.execution.environment import tell_earlier
from jupyter_deployfeedback.probe import environment
from jupyter_deployfeedback.probe import evaluation as probe_evaluation
from tests.comparison.evidence import answers, evaluation, evidence, suite_result

IDS = [f"example-{row}" for row in range(10)]
EXAMPLES = [[0, 1] for _ in IDS]  # the deployment answers 1, which is the truth
Deploy = Callable[..., Any]


@pytest.fixture
def continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretend that this kernel belongs to a run that continues one that sent the first examples."""

    def told(*, sent: int, growth: float = 2.0, again: bool = False, right: bool = False) -> None:
        before = evidence(suite_result(evaluation(answers([right] * sent), ids=IDS[:sent])))
        continuation = Continuation(growth=growth, again=again, asked=asked_before([before]))
        for name, value in tell_earlier(continuation, suite="quality", folder=tmp_path).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(probe_evaluation, "_calls", probe_evaluation.Counter())

    return told


def evaluated(deployment: Any, *, records: list[dict[str, Any]] | None = None, **more: Any) -> Any:
    return jdf.evaluate(
        jdf.connect(deployment.url), EXAMPLES, [1] * 10, **{"ids": IDS, "name": "holdout", "warmup": 0, **more}
    )


def test_only_what_is_new_is_sent_and_all_answers_are_there(deploy: Deploy, continued: Any) -> None:
    continued(sent=6)
    deployment = deploy()

    result = evaluated(deployment)

    assert len(deployment.visits) == 4
    assert result.counts["planned"] == result.counts["answered"] == 10
    assert [result.right[one] for one in IDS] == [False] * 6 + [True] * 4  # the six answers of the earlier run stay
    assert result.accuracy == 0.4
    assert result.versions == ("2.1",)


def test_where_nothing_is_new_nothing_is_sent(deploy: Deploy, continued: Any) -> None:
    continued(sent=10, right=True)
    deployment = deploy()

    assert evaluated(deployment).accuracy == 1.0
    assert deployment.visits == []


@pytest.mark.parametrize(("sent", "growth", "visits"), [(10, 1.3, 3), (10, 2.0, 10), (10, 3.5, 25), (6, 2.0, 6)])
def test_examples_are_sent_again_until_it_is_enough(
    deploy: Deploy, continued: Any, sent: int, growth: float, visits: int
) -> None:
    continued(sent=sent, growth=growth, again=True)
    deployment = deploy()

    evaluated(deployment)

    assert len(deployment.visits) == visits


def test_an_example_that_is_another_one_now_is_refused_before_anything_is_sent(deploy: Deploy, continued: Any) -> None:
    continued(sent=6)
    deployment = deploy()

    with pytest.raises(UsageError, match=r"example-0.*was 1 in the run that is continued and is 2 now"):
        jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, [2] * 10, ids=IDS, name="holdout")
    assert deployment.visits == []


def test_a_call_that_earlier_runs_did_not_make_sends_everything(deploy: Deploy, continued: Any) -> None:
    continued(sent=6)
    deployment = deploy()

    evaluated(deployment, name="another")

    assert len(deployment.visits) == 10


def test_the_file_is_for_this_user_only(continued: Any, tmp_path: Path) -> None:
    continued(sent=6)

    (path,) = tmp_path.glob("asked-*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(json.loads(path.read_text())["asked"]) == ["quality"]


def test_a_file_that_is_gone_is_an_error_and_sends_nothing(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(environment.CONTINUES, str(tmp_path / "gone.json"))
    deployment = deploy()

    with pytest.raises(HarnessError, match="cannot be read"):
        evaluated(deployment)
    assert deployment.visits == []
