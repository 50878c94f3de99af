"""``python -m jupyter_deployfeedback.cli``: the same as ``jupyter deployfeedback``."""

from jupyter_deployfeedback.cli import main

main()
