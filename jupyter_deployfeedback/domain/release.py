"""Releases: commits tagged with the evidence that justified it."""

from __future__ import annotations

from pydantic import AwareDatetime

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.verdict import Verdict


class Release(Frozen):
    """One tagged release. ``pushed_to`` is the remote that has the tag, None while only this repository has it."""

    version: str
    tag: str
    commit: str
    run_id: str
    project_file: str
    verdict: Verdict
    created_at: AwareDatetime
    pushed_to: str | None = None
    notices: tuple[str, ...] = ()  # what whoever released should know, such as that HEAD has moved on since the run
