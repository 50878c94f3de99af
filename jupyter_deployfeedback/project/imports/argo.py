"""Argo Rollouts' ``AnalysisTemplate``, as far as it asks Prometheus for one number and compares it with one limit."""

import re
from collections.abc import Mapping
from typing import Any

from jupyter_deployfeedback.project.imports.found import NAME, Imported, quantity

_SPEC = frozenset({"args", "metrics", "dryRun", "measurementRetention"})
_METRIC = frozenset({"name", "successCondition", "failureCondition", "provider"})
_DROPPED = frozenset(
    {
        "interval",
        "initialDelay",
        "count",
        "failureLimit",
        "inconclusiveLimit",
        "consecutiveErrorLimit",
        "consecutiveSuccessLimit",
    }
)
_PROMETHEUS = frozenset({"address", "query", "timeout"})
_CONDITION = re.compile(r"\s*result(?:\[0\])?\s*(?P<operator><=|>=|==|<|>)\s*(?P<number>\S+)\s*")
_ARGUMENT = re.compile(r"\{\{\s*args\.([\w.-]+)\s*\}\}")
_FILLED = re.compile(r"\bor\s+(?:on\s*\(\s*\)\s*)?vector\s*\(", re.IGNORECASE)
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def recognise(document: dict[str, Any]) -> bool:
    """Say whether the document is a template of the namespace or of the cluster."""
    return document.get("kind") in {"AnalysisTemplate", "ClusterAnalysisTemplate"}


def read(document: dict[str, Any], *, arguments: Mapping[str, str]) -> Imported:
    """Return one metric and one rule for each metric of the template."""
    found = Imported(f"Argo {document['kind']}")
    spec = document.get("spec")
    metrics = spec.get("metrics") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(metrics, list) or not metrics:
        found.refuse("spec.metrics", "there are none")
        return found
    found.refuse_unknown("spec", spec, known=_SPEC)
    values = {**_values(spec.get("args")), **arguments}
    dry = [each.get("metricName") for each in spec.get("dryRun") or () if isinstance(each, dict)]
    for place, metric in enumerate(metrics):
        _read_metric(
            found, metric if isinstance(metric, dict) else {}, where=f"metrics[{place}]", values=values, dry=dry
        )
    return found


def _values(args: object) -> dict[str, str]:
    """Return the arguments with a value of their own; those from secrets have none."""
    listed = args if isinstance(args, list) else []
    return {
        str(each["name"]): str(each["value"])
        for each in listed
        if isinstance(each, dict) and {"name", "value"} <= each.keys()
    }


def _read_metric(
    found: Imported, metric: dict[str, Any], *, where: str, values: dict[str, str], dry: list[Any]
) -> None:
    name = metric.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        found.refuse(f"{where}.name", f"{name!r} is no name of a metric here; use letters, digits, _ . and -")
        return
    if name in found.metrics:
        found.refuse(name, "there is another metric of this name")
        return
    if found.refuse_unknown(name, metric, known=_METRIC | _DROPPED):
        return
    conditions = _conditions(found, metric, name)
    query = _query(found, metric.get("provider"), name, values)
    if conditions is None or query is None:
        return
    dropped = sorted(_DROPPED & metric.keys())
    if dropped:
        found.notices.append(f"{name}: {', '.join(dropped)} dropped: one value over the run's window is judged.")
    better = "higher" if conditions["pass"][0].startswith(">") else "lower"
    found.metrics[name] = {"query": query, "better": "neither" if "==" in conditions["pass"][0] else better}
    found.rules.append(
        {"metric": name, **conditions, **({"info": True} if name in dry or "*" in dry or ".*" in dry else {})}
    )


def _conditions(found: Imported, metric: dict[str, Any], name: str) -> dict[str, list[str]] | None:
    """Return ``pass`` and ``fail``; None where a condition cannot be said here, which is refused by its name.

    Without any condition Argo says Successful: such a metric judges nothing.
    """
    limits: dict[str, tuple[str, str]] = {}
    for key in ("successCondition", "failureCondition"):
        text = metric.get(key)
        if text in (None, ""):
            continue
        match = _CONDITION.fullmatch(text) if isinstance(text, str) else None
        number = quantity(match["number"]) if match else None
        if match is None or number is None:
            found.refuse(f"{name}.{key}", f"{text!r} is not `result[0] operator number`")
            return None
        limits[key] = match["operator"], number
    if not limits:
        found.refuse(name, "it has no condition: whatever is measured is a success there")
        return None
    return _lists(found, limits, name)


def _lists(found: Imported, limits: dict[str, tuple[str, str]], name: str) -> dict[str, list[str]] | None:
    success, failure = limits.get("successCondition"), limits.get("failureCondition")
    if success is None and failure is not None:
        if failure[0] not in _OPPOSITE:
            found.refuse(f"{name}.failureCondition", "its opposite, != , is no condition of a rule")
            return None
        return {"pass": [_OPPOSITE[failure[0]] + failure[1]]}
    lists = {"pass": ["".join(success or ())]}
    return lists if failure is None else {**lists, "fail": ["".join(failure)]}


def _query(found: Imported, provider: object, name: str, values: dict[str, str]) -> str | None:
    if (
        not isinstance(provider, dict)
        or list(provider) != ["prometheus"]
        or not isinstance(provider["prometheus"], dict)
    ):
        kinds = ", ".join(map(str, provider)) if isinstance(provider, dict) else "none"
        found.refuse(f"{name}.provider", f"only prometheus can be asked, not: {kinds}")
        return None
    prometheus = provider["prometheus"]
    query = prometheus.get("query")
    if found.refuse_unknown(f"{name}.provider.prometheus", prometheus, known=_PROMETHEUS):
        return None
    if not isinstance(query, str) or not query.strip():
        found.refuse(f"{name}.provider.prometheus.query", "there is none")
        return None
    unknown = [argument for argument in _ARGUMENT.findall(query) if argument not in values]
    if unknown:
        found.refuse(
            f"{name}.provider.prometheus.query",
            f"{{{{args.{unknown[0]}}}}} has no value; give it: --arg {unknown[0]} VALUE",
        )
        return None
    query = _ARGUMENT.sub(lambda match: values[match[1]], query).strip()
    if "{{" in query:
        found.refuse(f"{name}.provider.prometheus.query", "it holds {{...}} that is no argument")
        return None
    _notice(found, prometheus, query, name)
    return query


def _notice(found: Imported, prometheus: dict[str, Any], query: str, name: str) -> None:
    if _FILLED.search(query):
        found.notices.append(
            f"{name}: `or vector(...)` makes a number of no data; without it no data is an error here."
        )
    if prometheus.get("address"):
        text = f"In targets: platform: {{source: prometheus, url: {prometheus['address']}}}"
        found.notices += [] if text in found.notices else [text]
