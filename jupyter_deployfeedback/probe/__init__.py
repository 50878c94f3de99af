"""What a suite uses inside its kernel: connect to the target, evaluate it, load it, record numbers, check claims.

Light on purpose: the standard library and requests, and requests only when the first request is sent. What is found
leaves the kernel as display data (see ``records``), so it works from any front end and stays in the notebook.
"""

from jupyter_deployfeedback.probe.evaluation import evaluate
from jupyter_deployfeedback.probe.load import load
from jupyter_deployfeedback.probe.recording import check, record
from jupyter_deployfeedback.probe.target import connect

__all__ = ["check", "connect", "evaluate", "load", "record"]
