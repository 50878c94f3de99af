"""The command line: ``jupyter deployfeedback ...``. Each command calls the pipeline and prints what it gives."""

from jupyter_deployfeedback.cli.main import main

__all__ = ["main"]
