"""What all nouns share."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

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
"""What a label, a prediction or a parameter may be once it is written down."""
