"""Other tools' thresholds -> ``rules:`` and ``metrics:`` of the project file, to be pasted and looked through.

Only what means the same here is taken over. What does not is refused by its name, never approximated; what has no
counterpart but makes nothing laxer is dropped with a notice.
"""

from jupyter_deployfeedback.project.imports.found import Imported
from jupyter_deployfeedback.project.imports.reading import import_rules

__all__ = ["Imported", "import_rules"]
