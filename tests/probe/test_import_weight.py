"""What a suite's kernel pays for: which modules come in, and when."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROBE = """
import json, sys
before = set(sys.modules)
{code}
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""
HEAVY = {"requests", "urllib3", "numpy", "pandas", "pydantic", "IPython", "scipy", "sqlalchemy", "rich", "ssl"}


def imported_by(code: str) -> set[str]:
    finished = subprocess.run([sys.executable, "-c", PROBE.format(code=code)], capture_output=True, check=True)
    return set(json.loads(finished.stdout))


def test_probe_imports_the_standard_library_and_itself_only() -> None:
    modules = imported_by("import jupyter_deployfeedback as jdf\njdf.connect, jdf.evaluate, jdf.record, jdf.check")

    assert modules - set(sys.stdlib_module_names) == {"jupyter_deployfeedback"}
    assert not modules & HEAVY


def test_importing_the_package_alone_imports_nothing_of_the_probe() -> None:
    modules = imported_by("import jupyter_deployfeedback\nassert 'jupyter_deployfeedback.probe' not in sys.modules")

    assert modules - set(sys.stdlib_module_names) == {"jupyter_deployfeedback"}


def test_connecting_and_recording_need_no_requests() -> None:
    code = "import jupyter_deployfeedback as jdf\njdf.connect('http://127.0.0.1:1')\nsys.stdout = sys.stderr\n"
    modules = imported_by(code + "jdf.record('a', 1)\njdf.check(1 < 2, 'b')\nsys.stdout = sys.__stdout__")

    assert not modules & HEAVY


def test_sending_needs_requests_and_nothing_else_of_others() -> None:
    code = "import jupyter_deployfeedback as jdf\njdf.connect('http://127.0.0.1:1').open()"
    modules = imported_by(code)

    own = {"jupyter_deployfeedback", "requests", "urllib3", "certifi", "charset_normalizer", "idna"}
    compiled = {name for name in modules if "cython" in name or name.endswith("mypyc")}  # charset_normalizer's
    assert modules - set(sys.stdlib_module_names) - compiled <= own


def test_names_of_the_environment_can_be_imported_without_requests() -> None:
    modules = imported_by("import jupyter_deployfeedback.probe.environment, jupyter_deployfeedback.probe.records")

    assert not modules & HEAVY


@pytest.mark.parametrize("module", ["execution.standby.started_kernel", "execution.standby.forked_kernel"])
def test_a_process_that_holds_kernels_stays_small(module: str) -> None:
    modules = imported_by(f"import jupyter_deployfeedback.{module}")

    assert not modules & HEAVY


def test_a_server_that_starts_loads_neither_the_probe_nor_the_nouns() -> None:
    code = "import jupyter_deployfeedback.server.app\nprint(*sys.modules, file=sys.stderr)\n"
    finished = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=True)

    ours = {
        name.removeprefix("jupyter_deployfeedback.") for name in finished.stderr.split() if "deployfeedback" in name
    }
    assert not {name for name in ours if name.startswith(("domain", "probe", "execution", "pipeline"))}
