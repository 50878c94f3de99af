"""The journal of a Chaos Toolkit experiment (``chaos run --journal-path``).

A hypothesis that was not met before anything was broken leaves ``status: completed`` and ``deviated: false``: nothing
was tested then. https://chaostoolkit.org/reference/api/journal/
"""

from typing import Any

from jupyter_deployfeedback.execution.suites.results.contents import Claim, Found, Unreadable, moment, require

JOURNAL = ("chaoslib-version", "experiment", "status", "deviated", "steady_states", "rollbacks", "start", "end")


def recognise(document: dict[str, Any]) -> bool:
    """Say whether it is a journal."""
    return "steady_states" in document and "experiment" in document


def read(document: dict[str, Any]) -> Found:
    """Return what must hold of an experiment: it ran, it began and ended in the steady state, it was undone."""
    require(JOURNAL, of=document, where="the journal")
    experiment, states = document["experiment"], document["steady_states"]
    if not isinstance(experiment, dict) or not isinstance(states, dict) or not isinstance(document["deviated"], bool):
        raise Unreadable("experiment, steady_states or deviated is not what a journal has")
    title = str(experiment.get("title") or "the experiment")
    found = Found("chaostoolkit")
    found.started, found.ended = (moment(document[key], where=key) for key in ("start", "end"))
    completed = document["status"] == "completed"
    message = f"its status is {document['status']!r}" if not completed else "it was a dry run, so nothing was broken"
    really = completed and not experiment.get("dry")
    found.claims = [
        Claim.needed(f"{title}: it was carried out", holds=really, message=message),
        _before(title, _met(states.get("before"))),
        *_method(title, document),
        _after(title, _met(states.get("after")), deviated=document["deviated"]),
        _undone(title, experiment, document["rollbacks"]),
    ]
    return found


def _met(state: object) -> bool | None:
    """Say whether a steady state was met; None where it was never looked at."""
    met = state.get("steady_state_met") if isinstance(state, dict) else None
    return met if isinstance(met, bool) else None


def _before(title: str, met: bool | None) -> Claim:  # noqa: FBT001 - a journal's own three values
    message = "it was not met before anything was broken, so nothing was tested" if met is False else "never looked at"
    return Claim.needed(f"{title}: steady state before", holds=met is True, message=message)


def _after(title: str, met: bool | None, *, deviated: bool) -> Claim:  # noqa: FBT001 - a journal's own three values
    named = f"{title}: steady state after"
    if met is None:
        return Claim.needed(named, holds=False, message="never looked at")
    message = "the system did not return to it" if not met else "the experiment deviated"
    return Claim.judged(named, holds=met and not deviated, message=message)


def _method(title: str, document: dict[str, Any]) -> list[Claim]:
    """Return an error for each activity that did not do what it should: the system was not tested by it."""
    run = document.get("run")
    broken = [each for each in run if each.get("status") != "succeeded"] if isinstance(run, list) else []
    names = ", ".join(str(each.get("activity", {}).get("name")) for each in broken)
    if run:
        return [Claim.needed(f"{title}: method", holds=not broken, message=f"did not succeed: {names}")]
    return [Claim.needed(f"{title}: method", holds=False, message="no activity was carried out")]


def _undone(title: str, experiment: dict[str, Any], rollbacks: object) -> Claim:
    """Return whether all rollbacks succeeded; without a strategy of "always" they are left out when it matters."""
    planned = experiment.get("rollbacks") or []
    done = [each for each in rollbacks if each.get("status") == "succeeded"] if isinstance(rollbacks, list) else []
    missing = len(planned) - len(done)
    message = f"{missing} of {len(planned)} rollbacks did not succeed; set runtime.rollbacks.strategy: always"
    return Claim.needed(f"{title}: rolled back", holds=missing <= 0, message=message)
