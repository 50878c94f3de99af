"""Ask a target what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_deployfeedback.domain.project import Target
from jupyter_deployfeedback.domain.run import TargetFacts
from jupyter_deployfeedback.probe import health
from jupyter_deployfeedback.probe.settings import shown


def ask_target(target: Target, *, environment: Mapping[str, str]) -> TargetFacts:
    """Say whether a target is ready and which model version it serves; one that cannot be reached is not ready."""
    namespace = target.platform.labels.get("namespace")
    if target.url is None:
        problem = f"its address is not known. {target.how_to_address}"
        return TargetFacts(target=target.name, url=None, ready=False, namespace=namespace, problem=problem)
    answer = health.ask(target.model_dump(mode="json"), environment=environment)
    return TargetFacts(target=target.name, url=shown(target.url), namespace=namespace, **answer)
