"""Other tools' thresholds -> ``rules:`` and ``metrics:`` of the project file, to be pasted and looked through.

Only what means the same here is taken over. What does not is refused by its name, never approximated; what has no
counterpart but makes nothing laxer is dropped with a notice.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Better, Family, Metric
from jupyter_deployfeedback.domain.rules.checking import check_rule, read_rule
from jupyter_deployfeedback.errors import RuleSyntaxError, UsageError
from jupyter_deployfeedback.project.imports import argo, mlflow
from jupyter_deployfeedback.project.imports.found import Imported

__all__ = ["Imported", "import_rules"]
LONGEST = 1_000_000
_READERS = (argo, mlflow)
_KINDS = "Argo AnalysisTemplate, MLflow MetricThreshold"


def import_rules(text: str, *, arguments: Mapping[str, str]) -> Imported:
    """Return what a file of another tool says, as rules of ours; each rule is one that ``check`` would accept.

    ``arguments`` are values for the arguments of a template. Raises UsageError where the file is of no tool known here.
    """
    document = _parse(text)
    reader = next((each for each in _READERS if each.recognise(document)), None)
    if reader is None:
        raise UsageError("The file is of no tool that is known here.", remedy=f"Known are: {_KINDS}.")
    found: Imported = reader.read(document, arguments=arguments)
    _refuse_what_check_would(found)
    return found


def _parse(text: str) -> dict[str, Any]:
    """Return the only document of a YAML or JSON text."""
    if len(text) > LONGEST:
        raise UsageError("The file is longer than 1 MB.", remedy="Give the file of one template.")
    try:
        documents = [each for each in yaml.safe_load_all(text) if each is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"The file is neither YAML nor JSON: {str(error).splitlines()[0]}.") from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise UsageError("The file must hold one document with keys.", remedy=f"Known are: {_KINDS}.")
    return documents[0]


def _refuse_what_check_would(found: Imported) -> None:
    declared = {
        name: Metric(name=name, family=Family.PLATFORM, better=Better(metric["better"]))
        for name, metric in found.metrics.items()
    }
    kept = []
    for rule in found.rules:
        lists = {"passing": rule["pass"], "failing": rule.get("fail", ())}
        metrics = {**STANDARD_METRICS, **declared}
        try:
            check_rule(read_rule(rule["metric"], metrics=metrics, **lists), metrics)
        except RuleSyntaxError as error:
            found.refuse(rule["metric"], f"{error}")
            found.metrics.pop(rule["metric"], None)
        else:
            kept.append(rule)
    found.rules = kept
