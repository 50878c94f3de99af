"""The published JSON Schema accepts what loads and explains every key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from jupyter_deployfeedback.project import project_schema
from tests.project.test_broken_files import GOOD
from tests.project.test_load import COMPLETE, MINIMAL

EXAMPLE = Path(__file__).parents[2] / "example-notebooks" / "deployfeedback.yaml"


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(project_schema())


@pytest.mark.parametrize(
    "text", [COMPLETE, MINIMAL, GOOD, EXAMPLE.read_text()], ids=["complete", "minimal", "good", "example"]
)
def test_file_that_loads_is_valid(text: str) -> None:
    jsonschema.validate(yaml.safe_load(text), project_schema())


@pytest.mark.parametrize(
    "text",
    [
        "suites: [s.ipynb]",
        GOOD + "colour: red",
        GOOD + "version: 2",
        GOOD + "rules: [{metric: a, pass: '<1', on_fail: never}]",
        GOOD.replace("url:", "adress:"),
        "targets: {a: {url: 'http://h', protocol: v9}}\nsuites: [s.ipynb]",
    ],
)
def test_file_with_wrong_keys_or_words_is_invalid(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), project_schema())


def test_every_key_is_explained() -> None:
    silent = [
        f"{name}.{key}"
        for name, section in sections(project_schema()).items()
        for key, declaration in section["properties"].items()
        if not declaration.get("description") and "$ref" not in declaration  # then the section's own is shown
    ]

    assert silent == []


def sections(schema: dict[str, Any]) -> dict[str, Any]:
    found = {name: part for name, part in schema["$defs"].items() if "properties" in part}
    return found | {"ProjectFile": schema}
