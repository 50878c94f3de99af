"""``demo``: the main job on the embedded example, two really deployed models included."""

import filecmp
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from jupyter_deployfeedback.cli import options, screen
from jupyter_deployfeedback.cli.run import run_and_emit
from jupyter_deployfeedback.errors import HarnessError, PermissionMissing, PortInUse, UsageError

NEEDED = {"flask": "flask", "waitress": "waitress", "sklearn": "scikit-learn", "matplotlib": "matplotlib"}
TERMINATED = 128 + signal.SIGTERM
VERSIONS = ("released", "candidate")


@click.command("demo")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("deployfeedback-demo"),
    show_default=True,
    help="Where the example project is put.",
)
@click.option(
    "--ports", nargs=2, type=int, help="Ports of the released and the candidate deployment; default: free ones."
)
@click.option("--lab", is_flag=True, help="Open the example in JupyterLab instead of running it here.")
@options.run_options
def demo_command(*, directory: Path, ports: tuple[int, int] | None, lab: bool, **chosen: Any) -> int:  # noqa: ANN401
    """Deploy two versions of a model on this machine, run the suites and print the feedback."""
    _require_example_packages()
    project = prepare_example(directory.resolve())
    with ExitStack() as stack:
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that the deployments end with us
        stack.callback(signal.signal, signal.SIGTERM, before)
        addresses = stack.enter_context(deployed(project, ports=ports or (0, 0)))
        stack.callback(_set_variables, {name: os.environ.get(name) for name in addresses})
        _set_variables(addresses)
        for name, url in addresses.items():
            click.echo(f"Deployed: {name}={url}", err=True)
        if lab:
            return _open_lab(project)
        report = run_and_emit(project_file=project, **chosen)
        _write_page(report, project / "report.html")
    click.echo(f"\n`jupyter deployfeedback run` would have ended with exit code {report.exit_code}.", err=True)
    click.echo(f"See it with plots: {project / 'report.html'}", err=True)
    return 0


def _set_variables(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def _require_example_packages() -> None:
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise UsageError(
            f"The example needs {', '.join(missing)}.", remedy='Install it: pip install "jupyter_deployfeedback[demo]".'
        )


def example_folder() -> Path:
    """Return where the example lies: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "example"
    return installed if installed.is_dir() else package.parent / "example-notebooks"


def prepare_example(folder: Path) -> Path:
    """Copy the example, make it a git repository of its own and train both models; an example that is there is kept.

    Raises UsageError for a folder that holds something else: it is not ours to commit.
    """
    try:
        _put_example(folder)
    except OSError as error:
        raise PermissionMissing(
            f"{folder} cannot be written: {error.strerror}.", remedy="Choose another folder with --directory."
        ) from error
    if not (folder / ".git").exists() and shutil.which("git"):
        _git(folder, "init", "--quiet", "--initial-branch=main")
        _git(folder, "add", ".")
        _git(folder, "commit", "--quiet", "--message=Digits model and its suites")
    models = folder / "deployment" / "models"
    if not all((models / f"{version}.joblib").exists() for version in VERSIONS):
        click.echo("Training the released and the candidate model ...", err=True)
        _train(folder)
    return folder


def _put_example(folder: Path) -> None:
    example = example_folder()
    if (folder / "deployment" / "train.py").is_file():
        if filecmp.cmpfiles(example, folder, _files(example), shallow=False)[0] != _files(example):
            kept = f"{folder} is kept as it is, but differs from the example of this version: delete it to begin anew."
            click.echo(kept, err=True)
        return
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} holds something else.", remedy="Choose a new or an empty folder with --directory.")
    for file in _files(example):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(example / file, folder / file)


def _files(example: Path) -> list[str]:
    """Return the files of the example as they are shipped, without what running it leaves in a checkout."""
    left = {"__pycache__", ".ipynb_checkpoints", "models"}
    paths = (path.relative_to(example) for path in sorted(example.rglob("*")) if path.is_file())
    return [str(path) for path in paths if path.suffix != ".log" and left.isdisjoint(path.parts)]


def _git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=deployfeedback demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")
    command = ["git", *author, *arguments]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise HarnessError(
            f"`git {arguments[0]}` failed in {folder}: {said}", remedy="Mend that, or choose a --directory."
        )


def _train(folder: Path) -> None:
    trained = subprocess.run(
        [sys.executable, "train.py"],
        cwd=folder / "deployment",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if trained.returncode:
        raise HarnessError(f"Training the example failed: {trained.stderr.strip()[-500:]}")


@contextmanager
def deployed(folder: Path, *, ports: tuple[int, int] = (0, 0)) -> Iterator[dict[str, str]]:
    """Serve both model versions on this machine while the context lasts; port 0 takes a free one.

    Gives the environment variables by which the example's project file finds them.
    """
    with ExitStack() as stack:
        started = [  # both at once: most of their start is importing scikit-learn
            (version, stack.enter_context(_served(folder, version, port=port)))
            for version, port in zip(VERSIONS, ports, strict=True)
        ]
        yield {f"DIGITS_{version.upper()}_URL": _address(server, log) for version, (server, log) in started}


@contextmanager
def _served(folder: Path, version: str, *, port: int) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    _require_free(port)
    log = folder / "deployment" / f"{version}.log"
    command = [sys.executable, "-u", "app.py", "--model", f"models/{version}.joblib", "--port", str(port)]
    with (
        log.open("w") as complaints,
        subprocess.Popen(
            command, cwd=folder / "deployment", stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as server,
    ):
        try:
            yield server, log
        finally:
            server.terminate()


def _require_free(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUse(
                f"Port {port} is in use by another program.", remedy="Choose others with --ports, or leave it out."
            ) from error


def _address(server: subprocess.Popen[str], log: Path) -> str:
    """Return the address a deployment says it serves at; HarnessError where it ends before it says so."""
    said = server.stdout.readline() if server.stdout else ""
    if "http://" not in said:
        raise HarnessError(
            f"The example deployment did not start: {log.read_text().strip()[-500:]}", remedy=f"See {log}."
        )
    return said[said.index("http://") :].strip()


def _write_page(report: Any, path: Path) -> None:  # noqa: ANN401 - a FeedbackReport; importing it here would cost start-up
    from jupyter_deployfeedback.feedback import Format, render

    screen.write(path, render(report, Format.HTML))


def _open_lab(project: Path) -> int:
    if find_spec("jupyterlab") is None:
        raise UsageError(
            "JupyterLab is not installed.", remedy='Install it: pip install "jupyter_deployfeedback[lab]".'
        )
    click.echo("Opening JupyterLab; the deployments end with it.", err=True)
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={project}", *root, "model.ipynb"]
    return subprocess.run(command, check=False, cwd=project).returncode
