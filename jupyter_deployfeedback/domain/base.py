"""What all nouns share."""

import json
from typing import Annotated, Any, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from jupyter_deployfeedback.domain.notebook import NOT_FINITE, inside, spell_out
from jupyter_deployfeedback.probe.redaction import known, redact, redact_tree


class Frozen(BaseModel):
    """A value that never changes, knows no unknown keys and holds no NaN or infinity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,  # what is written holds every key
    )

    def without_secrets(self) -> Self:
        """Return the same value without any of the secrets that this process knows."""
        text = self.model_dump_json(by_alias=True) if known() else ""
        return self if redact(text) == text else self.model_validate_json(json.dumps(redact_tree(json.loads(text))))


def shared_fields(noun: Frozen, row: type[Frozen]) -> dict[str, Any]:
    """Return the noun's fields that the row has too, by name; a noun may grow fields that no row shows."""
    return {name: getattr(noun, name) for name in type(noun).model_fields if name in row.model_fields}


Scalar = str | int | float | bool | None
"""What a label, a prediction or a point's parameter may be once it is written down."""


def read_parameter(value: object, *, depth: int = 0) -> object:
    """Return a parameter, with the numbers that JSON cannot say; ValueError says what keeps it from being one."""
    known = value is None or isinstance(value, str | int | float | list | tuple | dict)
    if not known or depth > 50 or (isinstance(value, dict) and not all(isinstance(key, str) for key in value)):
        raise ValueError("is not a parameter, or nested more than 50 deep")
    if isinstance(value, dict) and value.keys() == {NOT_FINITE}:
        return float(str(value[NOT_FINITE]))
    return inside(value, lambda each: read_parameter(each, depth=depth + 1))


Parameter: TypeAlias = Annotated[Any, BeforeValidator(read_parameter), PlainSerializer(spell_out, when_used="json")]
"""What a suite may be given: text, numbers (infinity and NaN among them), true, false, nothing; nested as YAML can."""
