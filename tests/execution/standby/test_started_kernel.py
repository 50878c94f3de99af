"""Kernels that cannot be forked are started before their suite is there, when nothing is being measured."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_deployfeedback.domain.project import Kernels
from jupyter_deployfeedback.domain.run import Outcome, Suite, SuiteResult
from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE, Order, Program, leave, order_to_start
from jupyter_deployfeedback.execution.standby.stock import MOST_STARTED, Stock
from jupyter_deployfeedback.probe.environment import LATER, SEED, read_seed

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels stand by on Linux only")

BASH = {"kernelspec": {"name": "shell", "display_name": "Bash", "language": "bash"}}
Run = Callable[..., SuiteResult]
Tend = Callable[[Stock], None]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture
def stock(folder: Path) -> Iterator[Stock]:
    stock = Stock(folder)
    yield stock
    stock.close()
    for process in stock._running.values():
        process.wait(5.0)


@pytest.fixture
def run_bash(
    tmp_path: Path, folder: Path, write_notebook: Callable[..., Path], run_suites: Callable[..., Any]
) -> Callable[..., SuiteResult]:
    """Execute one suite of these cells in bash, on a kernel that stands by where one does."""

    def run(*cells: str, command: tuple[str, ...] = ("-m", "bash_kernel"), **others: Any) -> SuiteResult:
        specification = {"argv": [sys.executable, *command, "-f", "{connection_file}"], "language": "bash"}
        place = tmp_path / "jupyter/kernels/shell"
        place.mkdir(parents=True, exist_ok=True)
        (place / "kernel.json").write_text(json.dumps({**specification, "display_name": "Bash"}))
        write_notebook(tmp_path / "suite.ipynb", *cells, metadata=BASH)
        # nobody's .bashrc is read: what it starts may hold locks that a killed shell leaves behind
        environment = {"JUPYTER_PATH": str(tmp_path / "jupyter"), FOLDER_VARIABLE: str(folder), "HOME": str(tmp_path)}
        suite = Suite(name="suite", source="suite.ipynb", timeout_seconds=60.0)
        return run_suites(tmp_path, suite, environment=environment, **others)[0]

    return run


def kernels_of(stock: Stock, *, runs: str = "bash_kernel") -> list[psutil.Process]:
    """The kernels that stand by, once they are there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        below = [
            below for each in stock._running.values() for below in psutil.Process(each.pid).children(recursive=True)
        ]
        kernels = [process for process in below if runs in process.cmdline()]
        if len(kernels) == len(stock._running):
            return kernels
        time.sleep(0.05)
    raise TimeoutError("no kernel was started ahead")


def order_of(*command: str, watched: tuple[str, ...] = ()) -> Order:
    told = {"command": command, "folder": "/", "transport": "ipc", "watched": watched}
    return Order((sys.executable, "-I"), {"PATH": os.environ["PATH"]}, Program.START, told)


def test_a_suite_in_another_language_gets_the_kernel_that_was_started_after_the_last_run(
    run_bash: Run, stock: Stock, tend: Tend
) -> None:
    cells = ('echo "$PWD $DEPLOYED_MODEL_URL $DEPLOYFEEDBACK_SUITE"', "[ 1 = 1 ]")
    first = run_bash(*cells)
    tend(stock)
    second = run_bash(*cells)
    third = run_bash(*cells)
    time.sleep(0.1)
    tend(stock)

    assert [each.kernel for each in (first, second, third)] == ["started", "started ahead", "started"]
    assert {each.outcome for each in (first, second, third)} == {Outcome.PASSED}


@pytest.mark.slow
def test_a_kernel_that_was_used_is_replaced_for_the_next_run(run_bash: Run, stock: Stock, tend: Tend) -> None:
    run_bash("true")
    tend(stock)
    (starter,) = stock._running.values()
    used = run_bash("true")
    starter.wait(10.0)
    tend(stock)

    result = run_bash("true")

    assert (used.kernel, result.kernel) == ("started ahead", "started ahead")


RECORDS_ITS_RUN = """\
grep -q the-second "$DEPLOYFEEDBACK_LATER" &&
printf '{"name": "seeds", "value": %s}\\n' "$(grep -c SEED "$DEPLOYFEEDBACK_LATER")" >> "$DEPLOYFEEDBACK_RECORDS"
"""


def test_what_such_a_suite_writes_and_is_told_is_that_of_its_own_run(run_bash: Run, stock: Stock, tend: Tend) -> None:
    run_bash("true", run_id="run-of-the-first")
    tend(stock)

    result = run_bash(RECORDS_ITS_RUN, run_id="run-of-the-second")

    assert (result.kernel, result.outcome) == ("started ahead", Outcome.PASSED)
    assert [(each.metric.name, each.value) for each in result.observations] == [("seeds", 1.0)]


def test_no_kernel_is_started_while_a_run_is_measured(run_bash: Run, stock: Stock, tend: Tend, folder: Path) -> None:
    run_bash("true")

    stock.tend(busy=True)
    meanwhile = list(stock._running)
    tend(stock)

    assert (meanwhile, len(stock._running), list(folder.glob("*.order"))) == ([], 1, [])


def test_a_kernel_that_served_its_suite_is_gone_with_all_it_started(run_bash: Run, stock: Stock, tend: Tend) -> None:
    run_bash("true")
    tend(stock)
    (kernel,) = kernels_of(stock)

    result = run_bash("sleep 7301 & setsid sleep 7302 &")

    assert result.kernel == "started ahead"
    deadline = time.monotonic() + 10
    while kernel.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    commands = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert not kernel.is_running()
    assert [command for command in commands if command and command[:2] in (["sleep", "7301"], ["sleep", "7302"])] == []


@pytest.mark.slow
def test_a_kernel_that_died_while_it_stood_by_is_replaced(run_bash: Run, stock: Stock, tend: Tend) -> None:
    run_bash("true")
    tend(stock)
    (kernel,) = kernels_of(stock)
    kernel.send_signal(signal.SIGKILL)
    kernel.wait(5.0)

    result = run_bash("[ 1 = 1 ]")

    assert (result.outcome, result.reason) == (Outcome.PASSED, None)


@pytest.mark.slow
def test_a_kernel_whose_folder_was_put_back_is_started_anew(
    run_bash: Run, stock: Stock, tend: Tend, tmp_path: Path
) -> None:
    run_bash("true")
    tend(stock)
    kernels_of(stock)
    aside = tmp_path.rename(tmp_path.with_name("aside"))
    shutil.copytree(aside, tmp_path)

    result = run_bash("[ -f suite.ipynb ] && touch here")

    assert (result.kernel, result.outcome) == ("started", Outcome.PASSED)
    assert (tmp_path / "here").exists()


def test_a_kernel_whose_packages_changed_stands_by_no_more(
    stock: Stock, tend: Tend, folder: Path, tmp_path: Path
) -> None:
    order = order_of("sleep", "630", watched=(str(tmp_path),))
    leave(folder, order)
    tend(stock)
    (kernel,) = kernels_of(stock, runs="630")

    (tmp_path / "installed").touch()

    kernel.wait(10.0)
    assert stock._running[order.name].wait(10.0) == 0


def test_a_kernel_that_watches_nobody_goes_with_its_keeper(stock: Stock, tend: Tend, folder: Path) -> None:
    leave(folder, order_of("sleep", "620"))
    tend(stock)
    (kernel,) = kernels_of(stock, runs="620")
    _waiter, keeper, *_ = kernel.parents()

    keeper.kill()

    kernel.wait(10.0)


def test_a_kernel_that_ends_whenever_it_is_started_is_not_tried_for_ever(
    run_bash: Run, stock: Stock, tend: Tend, folder: Path
) -> None:
    order = order_of("false")
    leave(folder, order)
    tend(stock)

    stock._running[order.name].wait(20.0)
    tend(stock)
    leave(folder, order)
    tend(stock)

    assert (list(stock._running), list(folder.glob("*.refused"))) == ([], [folder / f"{order.name}.refused"])


def test_only_a_few_kernels_are_started_ahead_those_of_the_last_run(stock: Stock, tend: Tend, folder: Path) -> None:
    orders = [order_of("sleep", f"{600 + number}") for number in range(MOST_STARTED + 2)]
    leave(folder, orders[-1])
    tend(stock)
    for number, each in enumerate(orders[:-1]):
        leave(folder, each)
        os.utime(folder / f"{each.name}.order", (number, number))
    tend(stock)
    for each in orders[:1] + orders[-1:]:
        process = stock._running.get(each.name)
        assert process is not None
        assert (process.stdin is not None and process.stdin.closed) == (each is orders[-1])

    assert [(folder / f"{each.name}.sock").exists() for each in orders] == [True] * MOST_STARTED + [False, False]


@pytest.mark.slow
def test_a_preload_that_cannot_be_forked_means_a_kernel_that_is_started_ahead(
    run_notebook: Run, stock: Stock, tend: Tend, folder: Path
) -> None:
    settings = {"kernels": Kernels(preload=("no_such_module",)), "environment": {FOLDER_VARIABLE: str(folder)}}
    run_notebook("1", **settings)
    tend(stock)
    for process in stock._running.values():
        process.wait(20.0)
    tend(stock)
    run_notebook("1", **settings)
    tend(stock)

    result = run_notebook("1", **settings)

    assert (result.kernel, result.outcome) == ("started ahead", Outcome.PASSED)


UNKNOWN = """
from bash_kernel.kernel import BashKernel
from ipykernel.kernelapp import IPKernelApp
IPKernelApp.launch_instance(kernel_class=BashKernel)
"""


@pytest.mark.slow
def test_a_kernel_that_may_not_speak_over_socket_files_is_spoken_to_over_loopback(
    run_bash: Run, stock: Stock, tend: Tend, tmp_path: Path
) -> None:
    asks = """python3 -c "import json; print(json.load(open('$JUPYTER_RUNTIME_DIR/kernel.json'))['transport'])" | grep tcp"""
    launcher = tmp_path / "launcher.py"
    launcher.write_text(UNKNOWN)
    first = run_bash(asks, command=(str(launcher),))
    tend(stock)

    second = run_bash(asks, command=(str(launcher),))

    assert [(each.kernel, each.outcome) for each in (first, second)] == [
        ("started", Outcome.PASSED),
        ("started ahead", Outcome.PASSED),
    ]


COMMAND = ["/usr/bin/R", "-e", "IRkernel::main()", "--args", "kernel.json"]
OF_THE_RUN = {"DEPLOYFEEDBACK_RUN_ID": "1", SEED: "2", "JUPYTER_RUNTIME_DIR": "/tmp", "DEPLOYFEEDBACK_RECORDS": "r"}


def ordered(environment: dict[str, str], **own: str) -> Order | None:
    return order_to_start(
        COMMAND, connection_file="kernel.json", environment=environment, own=own, folder="/project", transport="ipc"
    )


def test_a_wish_holds_what_is_the_same_in_every_run() -> None:
    order = ordered({"PATH": "/bin", "DEPLOYFEEDBACK_SUITE": "quality", "R_HOME": "/r", **OF_THE_RUN}, R_HOME="/r")

    assert order is not None
    assert order.environment == {"PATH": "/bin", "DEPLOYFEEDBACK_SUITE": "quality", "R_HOME": "/r"}
    assert order.told["command"] == ["/usr/bin/R", "-e", "IRkernel::main()", "--args", "{connection_file}"]


@pytest.mark.parametrize("variable", ["MODEL_TOKEN", "DATABASE", "DEPLOYFEEDBACK_CONTINUES"])
def test_a_suite_with_variables_of_its_own_leaves_no_wish(variable: str) -> None:
    assert ordered({"PATH": "/bin", variable: "x", **OF_THE_RUN}) is None


def test_the_seed_is_read_where_it_was_told_later(tmp_path: Path) -> None:
    (tmp_path / "later.json").write_text(json.dumps({SEED: "11"}))

    assert read_seed({LATER: str(tmp_path / "later.json")}) == 11
