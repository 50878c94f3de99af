"""What came before a run: the looks and attempts that were taken, the rules that went, the data that were used."""

from __future__ import annotations

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.verdict import Continuing


class History(Frozen):
    """What a report says of the runs before this one.

    ``look`` is which look this is of how many planned ones, ``attempts`` how many runs of this commit against this
    target there were since ``release``, this one included. ``reused`` maps an evaluation to how many judged runs used
    its very data. ``removed`` are the rules that the last release was judged by and this run is not.
    ``passed_over`` are the releases, newest first, that have no stored run and are newer than ``compared_with``, the
    release that was compared with instead; None where no release has a run. ``alone`` says that a run was to be
    compared with nothing.
    """

    look: tuple[int, int] = (1, 1)
    continues: str | None = None
    attempts: int | None = None
    release: str | None = None
    reused: dict[str, int] = {}
    removed: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    compared_with: str | None = None
    alone: bool = False
    continuing: Continuing | None = None
