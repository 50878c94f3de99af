"""The kinds of values a project file holds, each with its friendly forms and its own complaint; what is secret."""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from jupyter_deployfeedback.domain.base import Scalar, read_parameter
from jupyter_deployfeedback.domain.run import alike
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.probe.protocols.paths import parse_path
from jupyter_deployfeedback.probe.trust import without_variables

OURS = "deployfeedback"
"""The error type of our own complaints: their context holds ``problem`` and ``remedy`` as they are shown."""

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|sec|min|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, None: 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
HOW_TO_REFER = "Write a reference: env:NAME, file:PATH or keyring:SERVICE/USER."

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:[^/]+/.+")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SECRET = frozenset({"token", "secret", "password", "passwd", "pwd", "passphrase", "key", "auth", "credential"})
_COUNTED = frozenset({"tokens", "keys"})  # max_tokens: 256 is a number of tokens
_SECRET_ENDS = ("token", "secret", "password", "passwd", "apikey", "authorization", "credentials", "cookie")


def wrong(problem: str, remedy: str) -> PydanticCustomError:
    """Make the complaint that a validator raises."""
    return PydanticCustomError(OURS, "{problem} {remedy}", {"problem": problem, "remedy": remedy})


def as_name(text: str) -> str:
    """Accept what can be a name on a command line and in an address."""
    if not _NAME.fullmatch(text):
        raise wrong("is not a name.", "Use letters, digits, _ . and -; begin with a letter, a digit or _.")
    return text


def as_pattern(text: str) -> str:
    """Accept a regular expression."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise wrong(f"has a name that is not a regular expression: {error}.", "Write part of a path: gather.") from None
    return text


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _modules_or_off(value: object) -> object:
    return None if value is False else _one_or_many(value)


def _duration(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise wrong("is not a duration.", "Write seconds (90) or a number with a unit: 500ms, 30s, 5min, 1h.")
    return float(match["number"]) * _SECONDS[match["unit"]]


def _positive(seconds: float) -> float:
    if seconds <= 0:
        raise wrong("must be longer than nothing.", "Write seconds (90) or a number with a unit: 30s, 5min.")
    return seconds


def _expanded(value: str, info: ValidationInfo) -> str:
    environment: Mapping[str, str] = (info.context or {}).get("environment", {})
    return _expand(value.strip(), environment).strip()


def _expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace a variable that is the whole text by its value; one that is unset or empty takes its default.

    In a part of the text a value may be a secret: ``${NAME}`` stays, to be replaced when it is sent. Complains where
    a variable has neither value nor default, and of a ``${`` that is not closed or not understood.
    """
    whole = _VARIABLE.fullmatch(text) is not None

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        found = environment.get(name)
        found = f"${{{name}}}" if found and not whole else found or default
        if found is None:
            raise wrong(
                f"needs the environment variable {name}, which is not set.",
                f"Set {name}, or give a default: ${{{name}:-http://127.0.0.1:8000}}.",
            )
        return found

    expanded = _VARIABLE.sub(value, text)
    if "${" in _VARIABLE.sub("", text):
        raise wrong("holds a ${ that is not understood.", "Write ${NAME} or ${NAME:-default}.")
    return expanded


def _address(url: str) -> str:
    """Accept http(s) addresses; what is wrong is said without the address, which may hold a password."""
    try:
        parts = urlsplit(without_variables(url))
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise wrong("is not an address.", "Write it like http://127.0.0.1:8000.") from None
    if parts.username or parts.password:
        raise wrong("holds a user or password.", f"Use auth instead. {HOW_TO_REFER}")
    if parts.scheme not in {"http", "https"} or not host:
        raise wrong("is not an http or https address.", "Write it like http://127.0.0.1:8000.")
    if parts.query or parts.fragment:
        raise wrong("must end before the ? or #.", "Write only scheme, host, port and path.")
    return url.rstrip("/")


def _literal(text: str) -> str:
    if _VARIABLE.search(text):
        raise wrong("cannot hold ${...}; variables are replaced only in addresses.", "Write the value itself.")
    return text


def _reference(text: str) -> str:
    if not is_reference(text):
        raise wrong("must not be the secret itself.", f"{HOW_TO_REFER} If this was a real secret, replace it now.")
    return text


def _server_path(path: str) -> str:
    if not path.startswith("/"):
        raise wrong("is a path on the server.", f"Begin it with a slash: /{path.rsplit('/', 1)[-1]}.")
    return path


def _answer_path(path: str) -> str:
    try:
        parse_path(path)
    except UsageError as error:
        raise wrong(error.message, error.remedy) from None
    return path


def is_scalar(value: object) -> bool:
    """Say whether a point of a matrix may have this value: text, a finite number, true, false or nothing."""
    is_finite = not isinstance(value, float) or math.isfinite(value)
    return value is None or (isinstance(value, str | int | float | bool) and is_finite)


def _parameter(value: object) -> object:
    try:
        return read_parameter(value)
    except ValueError as error:
        raise wrong(f"{error}.", "Write text, numbers, true, false, or lists and mappings of those.") from None


def _axis(values: object) -> object:
    if not isinstance(values, list) or not values:
        raise wrong("is not a list of values.", "Write the values to try, such as [100, 200].")
    if not all(map(is_scalar, values)):
        said = "holds a list, a mapping, or a number without end."
        raise wrong(said, "A point has one value for each parameter: text, a number, true or false.")
    if (twice := alike(values)) is not None:
        raise wrong(f"has {twice} twice.", "Write each value once.")
    return values


OneOrMany = Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]
ModulesOrOff = Annotated[
    tuple[str, ...] | None, BeforeValidator(_modules_or_off, json_schema_input_type=str | list[str] | Literal[False])
]
Duration = Annotated[float, BeforeValidator(_duration, json_schema_input_type=str | float), AfterValidator(_positive)]
Address = Annotated[str, AfterValidator(_expanded), AfterValidator(_address)]
WholeAddress = Annotated[Address, AfterValidator(_literal)]  # or one variable as a whole
Text = Annotated[str, AfterValidator(_literal)]
SecretReference = Annotated[str, AfterValidator(_reference)]
Name = Annotated[str, AfterValidator(as_name)]
ServerPath = Annotated[str, AfterValidator(_server_path)]
AnswerPath = Annotated[str, AfterValidator(_answer_path)]
AxisValues = Annotated[list[Any], BeforeValidator(_axis, json_schema_input_type=list[Scalar])]
ParameterValue = Annotated[Any, BeforeValidator(_parameter, json_schema_input_type=Scalar | list[Any] | dict[str, Any])]


def is_reference(text: str) -> bool:
    """Say whether a text refers to a secret instead of being one."""
    return _REFERENCE.fullmatch(text) is not None and text.isprintable()  # who consents must see what it says


def looks_secret(name: str, value: object = "") -> bool:
    """Say whether a value of this name is probably a secret, so that it must never become a parameter.

    Goes by the words of the name (``api_key``, ``authToken``), not by its letters: ``author`` and ``keyboard`` are
    harmless, and so is a count such as ``max_tokens: 256``.
    """
    words = {word.lower() for word in _WORDS.findall(name)}
    if words & _SECRET or name.lower().replace("-", "").replace("_", "").endswith(_SECRET_ENDS):
        return True
    return bool(words & (_COUNTED | {"secrets", "passwords"})) and not isinstance(value, int | float)


def holds_secret(name: str, value: object) -> bool:
    """Say whether a parameter is probably a secret, or holds one under a name of its own."""
    inside = [(name, each) for each in value] if isinstance(value, list) else []
    pairs = value.items() if isinstance(value, dict) else inside
    return looks_secret(name, value) or any(holds_secret(str(key), each) for key, each in pairs)
