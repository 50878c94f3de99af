"""Stage 6: Comparison x rules -> Judgement. The limits, and what all findings add up to.

Pure, and closed by default: what is missing, not finite or not judged never passes.
"""

from jupyter_deployfeedback.verdict.continuing import Circumstances, continuing
from jupyter_deployfeedback.verdict.judge import estimands, judge
from jupyter_deployfeedback.verdict.self_test import estimands_to_try, self_test

__all__ = [
    "Circumstances",
    "continuing",
    "estimands",
    "estimands_to_try",
    "judge",
    "self_test",
]
