"""What is said for one run outside the project file: parameters, in words or files as papermill reads, addresses."""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from jupyter_deployfeedback.domain.base import Parameter, Scalar
from jupyter_deployfeedback.domain.fields import Address, ParameterValue, is_scalar
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.errors import ProjectError, UnknownTarget, UsageError
from jupyter_deployfeedback.probe.environment import DEPLOYED_MODEL_URL
from jupyter_deployfeedback.project.document import Document, read_document, translate_all

_FILE: TypeAdapter[dict[str, Parameter]] = TypeAdapter(dict[str, ParameterValue])


def read_parameters_file(path: Path) -> dict[str, Parameter]:
    """Return the parameters of a YAML file; an empty one has none.

    Raises UsageError where it cannot be read, and ProjectError with file, line and key of everything wrong in it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UsageError(
            f"{path} cannot be read: {why}.", remedy="Give a YAML file with lines such as n: 100."
        ) from None
    document = read_document(text, file=str(path))
    problems = document.problems
    if document.data is None:
        return {}
    if not isinstance(document.data, dict):
        raise ProjectError([document.problem((), "must hold names with values.", "Write lines such as n: 100.")])
    try:
        read = _FILE.validate_python(document.data)
    except ValidationError as error:
        problems = [*problems, *translate_all(error.errors(include_url=False), document)]
    if problems:
        raise ProjectError(problems)
    return read


def read_value(name: str, text: str) -> Parameter:
    """Return a parameter with the type that YAML gives its text: 100 is a number, x is text, {a: [1, .inf]} is nested.

    A text with a colon in it, "Error: none", is no mapping to who writes it: it needs quotes.
    """
    value = _read(name, text).data
    try:
        _FILE.validate_python({name: value})
    except ValidationError:
        raise _no_parameter(name, text) from None
    if isinstance(value, dict) and not text.lstrip().startswith("{"):
        raise _no_parameter(name, text)
    return value


def read_axis(text: str) -> tuple[str, list[Scalar]]:
    """Return the name and the values of ``NAME=VALUE,VALUE``; a value that holds a comma stands in quotes."""
    name, equals, listed = text.partition("=")
    if not (name and equals):
        raise UsageError(f"{text!r} is no matrix.", remedy="Write a parameter and its values: --matrix n=100,200.")
    values = _read(name, f"[{listed}]").data
    if not isinstance(values, list) or not all(map(is_scalar, values)):
        raise _no_parameter(name, text)
    return name, values


def _read(name: str, text: str) -> Document:
    try:
        return read_document(text, file="the command line")
    except ProjectError:
        raise _no_parameter(name, text) from None


def _no_parameter(name: str, text: str) -> UsageError:
    remedy = "Write text, a number, true, false, or [lists] and {mappings: of those}; quote what YAML reads otherwise."
    return UsageError(f"{text!r} is no value for parameter {name!r}.", remedy=remedy)


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
