"""What a reader should know beside the numbers: of the runs before this one, and of the files it was made from."""

from collections.abc import Iterable, Iterator

from jupyter_deployfeedback.domain.feedback import History
from jupyter_deployfeedback.domain.run import Commit, Evidence
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.quantities import count

MOST_NAMED = 3  # releases that are listed by name
OFTEN_USED = 20  # runs judged by the same data; from there on good numbers may be a matter of choice


def of_the_past(history: History, commit: Commit | None) -> Iterator[str]:
    """Yield one sentence for each thing that makes this run say less than it seems to."""
    yield from _of_releases(history)
    since = f" since {one_line(history.release, limit=60)}" if history.release else ""
    for rule in history.removed:
        yield f"removed rule: the last release, {one_line(history.release or '', limit=60)}, was judged by {rule}"
    if history.attempts is not None and history.attempts > 1 and commit is not None and not commit.dirty:
        yield (
            f"attempt {history.attempts} at commit {commit.sha[:8]}{since}: "
            "each attempt is another chance to pass by luck"
        )
    for name, times in history.reused.items():
        if times >= OFTEN_USED:
            yield (
                f"{one_line(name, limit=80)}: {count(times, 'run')} were judged by these very examples; "
                "what was chosen by them may look better on them than it is, so bring new ones"
            )


def of_the_checkout(evidence: Evidence) -> Iterator[str]:
    """Say which files the suites, or somebody beside them, changed while they ran."""
    if evidence.written:
        files = named(evidence.written)
        yield (
            f"{files} changed while the suites ran, which prevents a tag: let them write into a temporary folder, "
            "or let git ignore what they write"
        )


def named(files: Iterable[str], *, most: int = 5) -> str:
    """Name files, a few of many."""
    shown = [one_line(file, limit=120) for file in files]
    more = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {more} more" if more > 0 else "")


def _of_releases(history: History) -> Iterator[str]:
    """Say where a run was not compared with the last release, and with which one instead."""
    if history.alone and history.release is not None:
        release = one_line(history.release, limit=60)
        yield f"compared with nothing, as asked: no rule was judged against {release}"
    if not history.passed_over:
        return
    shown = ", ".join(one_line(tag, limit=60) for tag in history.passed_over[:MOST_NAMED])
    more = len(history.passed_over) - MOST_NAMED
    tags = f"{shown} and {more} more" if more > 0 else shown
    if history.compared_with is None:
        yield f"no run of a release is stored here ({tags}), so nothing was compared"
    else:
        back = count(len(history.passed_over), "release")
        yield f"compared with {one_line(history.compared_with, limit=60)}, {back} back: no run of {tags} is stored here"
