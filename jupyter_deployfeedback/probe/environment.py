"""What a run tells a suite's kernel, and by which names: environment variables that never hold a secret."""

import json
import os
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

from jupyter_deployfeedback.errors import UsageError

TARGET = "DEPLOYFEEDBACK_TARGET"
BASELINE = "DEPLOYFEEDBACK_BASELINE"
RUN_ID = "DEPLOYFEEDBACK_RUN_ID"
SUITE = "DEPLOYFEEDBACK_SUITE"
SEED = "DEPLOYFEEDBACK_SEED"
CONTINUES = "DEPLOYFEEDBACK_CONTINUES"  # a file: what the runs that this one continues asked
LATER = "DEPLOYFEEDBACK_LATER"  # a file: those that were not known when the kernel was started ahead
ALLOWED = "DEPLOYFEEDBACK_ALLOWED_SECRETS"  # which secrets may be sent where, as JSON; it names them and holds none
DEPLOYED_MODEL_URL = "DEPLOYED_MODEL_URL"

_DEPLOYED_MODEL = {
    # The convention of AICoE's pipelines: POST URL/predict {"inputs": ...} -> {"prediction": ..., "probability": ...}
    "name": "deployed-model",
    "response": {"predictions": "$.prediction", "probabilities": "$.probability"},
}
_unnamed: dict[str, Iterator[int]] = {}


def read_target(environment: Mapping[str, str]) -> dict[str, object] | None:
    """Return the wire form of the target under test, None outside a run.

    Where only ``DEPLOYED_MODEL_URL`` is set, the target speaks as AICoE's deployments do.
    """
    target = _read_mapping(environment, TARGET)
    url = environment.get(DEPLOYED_MODEL_URL)
    if target is None and url:
        return {**_DEPLOYED_MODEL, "url": url}
    return target


def read_baseline(environment: Mapping[str, str]) -> dict[str, object] | None:
    """Return the wire form of the live baseline, None when the run has none."""
    return _read_mapping(environment, BASELINE)


def is_run(environment: Mapping[str, str]) -> bool:
    """Say whether this is a suite's kernel, and not a notebook that somebody runs by hand."""
    return SUITE in environment


def read_seed(environment: Mapping[str, str]) -> int | None:
    """Return the run's seed for the order in which two targets are asked, None outside a run."""
    text = environment.get(SEED) or _read_later(environment).get(SEED)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(
            f"{SEED} is {text!r}, which is no whole number.", remedy="Unset it or give a number."
        ) from None


def _read_later(environment: Mapping[str, str]) -> dict[str, str]:
    if LATER not in environment:
        return {}
    told: dict[str, str] = json.loads(Path(environment[LATER]).read_text(encoding="utf-8"))
    return told


def _read_mapping(environment: Mapping[str, str], name: str) -> dict[str, object] | None:
    text = environment.get(name)
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UsageError(f"{name} is not a JSON object.", remedy='Unset it and use connect("http://...") by hand.')
    return value


def place_name(given: str | None, *, default: str) -> str:
    """Name what is unnamed after its place in the run: the same evaluation has the same name in every run."""
    if given is not None:
        return given
    place = next(_unnamed.setdefault(default, count(1))) if is_run(os.environ) else 1
    return default if place == 1 else f"{default} {place}"
