"""What all nouns share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that never changes, knows no unknown keys and holds no NaN or infinity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,  # what is written holds every key
    )


Scalar = str | int | float | bool | None
"""What a label, a prediction or a parameter may be once it is written down."""
