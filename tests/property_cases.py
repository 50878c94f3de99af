"""How many cases the property tests try; continuous integration (.ci/run) asks `make test-slow` for 10,000."""

from __future__ import annotations

import os

ASKED = int(os.environ.get("DEPLOYFEEDBACK_PROPERTY_CASES", "0"))
JUDGEMENTS = ASKED or 1000  # a judgement takes a fifth of a millisecond,
RUNS = max(ASKED // 40, 60)  # a whole run, from answers to verdict, a hundred times as long
RACES = max(ASKED // 10, 60)  # a run and five steps of it, each on the disk
SELF_TESTS = max(ASKED // 40, 150)
LOSSES = ASKED or 200  # from evidence to report: 30 ms
