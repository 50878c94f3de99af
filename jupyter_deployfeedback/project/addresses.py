"""Addresses that are given for a run, where the file has none or another one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from jupyter_deployfeedback.domain.fields import Address
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.errors import UnknownTarget, UsageError
from jupyter_deployfeedback.probe.environment import DEPLOYED_MODEL_URL


def read_address(url: str, *, named: str = "The address") -> str:
    """Return an http(s) address without a slash at its end. Raises UsageError, in which it is called as ``named``."""
    try:
        address: str = TypeAdapter(Address).validate_python(url, context={"environment": {}})
    except ValidationError as error:
        context = error.errors()[0]["ctx"]
        raise UsageError(f"{named} {context['problem']}", remedy=context["remedy"]) from None
    return address


def with_addresses(project: Project, urls: Mapping[str, str], *, target: str) -> Project:
    """Return the project with these addresses: target -> address; "" is the ``target`` of the run.

    Raises UnknownTarget and UsageError.
    """
    targets = dict(project.targets)
    for name, url in urls.items():
        chosen = targets.get(name or target)
        if chosen is None:
            remedy = f"Choose one of: {', '.join(targets)}."
            raise UnknownTarget(f"{project.file} declares no target {name or target!r}.", remedy=remedy)
        address = read_address(url, named=f"The address of {chosen.name}")
        targets[chosen.name] = chosen.model_copy(update={"url": address})
    return project.model_copy(update={"targets": targets})


def address_variable(target: str) -> str:
    """Name the environment variable that holds the address of one of several targets."""
    return f"{DEPLOYED_MODEL_URL}_{re.sub(r'[^A-Z0-9]', '_', target.upper())}"
