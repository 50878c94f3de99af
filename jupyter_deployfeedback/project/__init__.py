"""Stage 1: ``deployfeedback.yaml`` -> Project, with file, line and key in every error; and what its suites offer."""

from jupyter_deployfeedback.project.drafting import FIRST_SUITE, draft_project, draft_suite, find_suites
from jupyter_deployfeedback.project.inspection import SuiteInspection, basis, inspect_suite, ready_to_run
from jupyter_deployfeedback.project.loading import load_project
from jupyter_deployfeedback.project.location import find_project_file
from jupyter_deployfeedback.project.parameters import read_axis, read_parameters_file, read_value, with_addresses
from jupyter_deployfeedback.project.schema import project_schema

__all__ = [
    "FIRST_SUITE",
    "SuiteInspection",
    "basis",
    "draft_project",
    "draft_suite",
    "find_project_file",
    "find_suites",
    "inspect_suite",
    "load_project",
    "project_schema",
    "read_axis",
    "read_parameters_file",
    "read_value",
    "ready_to_run",
    "with_addresses",
]
