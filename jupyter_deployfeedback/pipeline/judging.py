"""What a run's evidence says: compared with the baseline, judged by the rules, told in one report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.comparison.continued import pool_chain
from jupyter_deployfeedback.comparison.self_test.known_examples import known_scores, strangers
from jupyter_deployfeedback.comparison.self_test.made_up import estimates_made_up
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.feedback import FeedbackReport, History
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.rules.checking import with_defaults
from jupyter_deployfeedback.domain.run import Evidence, Run, RunState, Step
from jupyter_deployfeedback.domain.verdict import SelfTest
from jupyter_deployfeedback.feedback import build_report
from jupyter_deployfeedback.pipeline import chain
from jupyter_deployfeedback.pipeline.evidence import Tell, stage
from jupyter_deployfeedback.pipeline.history import history, passed_over, unknown_baseline
from jupyter_deployfeedback.pipeline.plan import Plan, plan_run
from jupyter_deployfeedback.verdict import estimands, estimands_to_try, judge, self_test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_deployfeedback.store import Store


def unheard(_: Step) -> None:
    """Tell nobody: nobody watches what is already over."""


def judge_evidence(
    run: Run,
    plan: Plan,
    evidence: Evidence,
    *,
    store: Store,
    environment: Mapping[str, str],
    step: Tell = unheard,
) -> FeedbackReport:
    """Compare the evidence, and that of the runs it continues, with the baseline's and judge it by the rules."""
    step(stage("compare"))
    project, own = plan.project, evidence
    imported = run.request.imported is not None  # AICoE-CI saw it: no gate of ours and no earlier run was there
    evidence = pool_chain([*chain.earlier(run, store=store), own])
    slices = evidence.slice_values
    rules = with_defaults(project.rules, asked=any(each.evaluations for each in evidence.suites))
    asked = estimands(rules, confidence=project.confidence_of_a_look, slice_values=slices)
    stored = store.get(plan.stored_run) if plan.stored_run else None
    compared = compare(
        evidence,
        stored=chain.whole_evidence(stored.run_id, store=store) if stored else None,
        baseline=plan.baseline,
        estimands=asked,
        commit=run.commit.sha if run.commit else None,
        baseline_commit=stored.commit.sha if stored and stored.commit else None,
    )
    step(stage("judge"))
    passed = () if imported else passed_over(run, project, store=store)
    comparable = imported or compared.baseline is not None
    judgement = judge(
        compared,
        rules=rules,
        suites=evidence.suites,
        expected_suites=tuple(suite.name for suite in plan.suites),
        candidate=evidence.candidate.facts,
        live=evidence.baseline.facts if evidence.baseline else None,
        expect_version=plan.target.expect_version,
        confidence=project.confidence_of_a_look,
        tested=None if imported else _self_test(project, asked, like=evidence),
        slice_values=slices,
        unknown=None
        if comparable
        else unknown_baseline(run, project, passed, no_commit=own.no_commit, environment=environment),
    )
    before = (
        History(alone=True)
        if imported
        else history(run, project, judgement, own, stored=stored is not None, passed_over=passed, store=store)
    )
    ended = run.model_copy(update={"state": RunState.FINISHED, "finished_at": run.finished_at or datetime.now(UTC)})
    return build_report(ended, evidence, compared, judgement, project_file=project.digest, history=before)


def compare_runs(candidate: str, baseline: str, *, store: Store, environment: Mapping[str, str]) -> FeedbackReport:
    """Judge one finished run against another by the rules of the project as it is now; nothing is stored."""
    run = store.get(candidate)
    run = run.model_copy(update={"request": run.request.model_copy(update={"against": baseline})})
    plan = plan_run(run.request, store=store, environment=environment)
    return judge_evidence(run, plan, store.evidence(candidate), store=store, environment=environment)


def _self_test(project: Project, asked: tuple[Estimand, ...], *, like: Evidence) -> SelfTest:
    """Let the gate judge samples made up beyond and inside its limits; it goes the way the run itself goes."""
    tried = estimands_to_try(asked)
    return self_test(
        project.rules,
        beyond=estimates_made_up(tried, beyond=True, like=like),
        inside=estimates_made_up(tried, beyond=False, like=like),
        confidence=project.confidence_of_a_look,
        known=known_scores(like),
        strangers=strangers(like),
    )
