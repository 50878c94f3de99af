"""What the report tells of what came before a run: attempts, looks, the last release and its rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_deployfeedback.comparison.continued import adds_up, requests_sent
from jupyter_deployfeedback.domain.feedback import History
from jupyter_deployfeedback.domain.project import LAST_RELEASE, Project
from jupyter_deployfeedback.domain.rules.checking import removed_rules
from jupyter_deployfeedback.domain.run import Evidence, Run, Suite
from jupyter_deployfeedback.domain.verdict import Continuing, Judgement, Verdict
from jupyter_deployfeedback.pipeline.chain import NOTHING, earlier
from jupyter_deployfeedback.project import inspect_suite
from jupyter_deployfeedback.release import may_lack_tags, release_tags
from jupyter_deployfeedback.verdict import Circumstances, continuing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_deployfeedback.store import Store


def history(
    run: Run,
    project: Project,
    judgement: Judgement,
    evidence: Evidence,
    *,
    stored: bool,
    passed_over: tuple[str, ...],
    store: Store,
) -> History:
    """Return what a report says of the runs before this one; ``stored`` says that the baseline is an earlier run."""
    chain = earlier(run, store=store)
    release = store.last_release(run.request.project_file)
    look = (len(chain) + 1, project.looks)
    around = Circumstances(
        look=look[0],
        looks=look[1],
        historical=stored,
        loaded=any(each.load is not None for suite in evidence.suites for each in suite.evaluations),
        counted=any(_can_grow(suite, run, evidence) for suite in project.suites),
        sent=_share_sent(run, evidence, chain, store=store),
        rows=_rows(project, evidence) if judgement.verdict is Verdict.INCONCLUSIVE and len(chain) == 0 else None,
    )
    instead = store.judged_release(project.file)
    released = store.report_of(release.run_id) if release is not None else None
    return History(
        look=look,
        continues=run.request.continues,
        attempts=store.attempts(run, since=release.created_at if release else None),
        release=release.tag if release else None,
        reused=store.data_set_looks(run.request.project_file, _digests(evidence)),
        removed=removed_rules(project.rules, released.findings) if released else (),
        passed_over=passed_over,
        compared_with=instead.tag if instead else None,
        alone=(run.request.against or project.baseline) == NOTHING,
        continuing=continuing(judgement, around),
    )


def passed_over(run: Run, project: Project, *, store: Store) -> tuple[str, ...]:
    """Return the releases that git or the store know, newer than the one compared with, newest first.

    Empty where something else was to be compared with.
    """
    if not _asks_for_last(run, project):
        return ()
    instead = store.judged_release(project.file)
    in_git = run.commit is not None  # without a commit there is no tag either
    made = release_tags(Path(project.folder), template=project.release.tag, project=project.name) if in_git else {}
    made |= {each.tag: each.created_at for each in store.releases(project.file)}
    newer = {tag: at for tag, at in made.items() if instead is None or (at > instead.created_at and tag != instead.tag)}
    return tuple(sorted(newer, key=lambda tag: newer[tag], reverse=True))


def unknown_baseline(
    run: Run, project: Project, passed: tuple[str, ...], *, no_commit: str, environment: Mapping[str, str]
) -> str | None:
    """Say which last release is not known here, where a run that found none to compare with was to be compared.

    A first release has none: git knows no tag of one, and the clone has all that its remote has.
    """
    if not _asks_for_last(run, project):
        return None
    if passed:
        return f"no run of {passed[0]} is stored here"
    if no_commit:
        return "git tells nothing of this checkout, so no release is known here"
    if run.commit is not None and may_lack_tags(Path(project.folder), environment=environment):
        return "no release is known here, and this clone may have been made without tags"
    return None


def _asks_for_last(run: Run, project: Project) -> bool:
    return (run.request.against or project.baseline) in {LAST_RELEASE, run.request.target}


def _share_sent(run: Run, evidence: Evidence, chain: tuple[Evidence, ...], *, store: Store) -> float | None:
    """Return which share of what was asked for a continued run really sent."""
    if run.request.continues is None:
        return None
    more = store.feedback(run.request.continues).continuing or Continuing()
    wanted = (more.growth - 1) * sum(requests_sent(each) for each in chain)
    return requests_sent(evidence) / wanted if wanted > 0 else None


def _can_grow(suite: Suite, run: Run, evidence: Evidence) -> bool:
    """Say whether a suite of the file evaluated, at some point, and names a parameter that no matrix fixes."""
    evaluating = {
        each.suite.point_of or each.suite.name for each in evidence.suites if any(map(adds_up, each.evaluations))
    }
    fixed = {*suite.matrix, *run.request.matrix}
    return suite.more is not None and suite.more not in fixed and suite.name in evaluating


def _rows(project: Project, evidence: Evidence) -> int | None:
    """Return how many examples there are, where each suite that counts them wanted more than it got."""
    had: list[int] = []
    for each in evidence.suites:
        name, sent = each.suite.more, {one for call in each.evaluations if adds_up(call) for one in call.ids}
        if name is not None and sent:
            wanted = each.suite.parameters.get(name) or inspect_suite(project, each.suite).parameters[name]
            if int(str(wanted)) <= len(sent):
                return None
            had.append(len(sent))
    return max(had, default=None)


def _digests(evidence: Evidence) -> dict[str, str]:
    return {
        f"{suite.suite.name} {each.name}": each.dataset_digest
        for suite in evidence.suites
        for each in suite.evaluations
        if each.ids and each.pairs
    }
