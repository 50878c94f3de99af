"""Kernels that are forked give what kernels that are started give, and nothing of one reaches the next."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_deployfeedback.domain.project import Kernels
from jupyter_deployfeedback.domain.run import Outcome, SuiteResult
from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE, Order, Program, order_to_fork
from jupyter_deployfeedback.execution.standby.stock import Stock

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels are forked on Linux only")

CORPUS: dict[str, list[Any]] = {
    "values": ["1 + 1", "print('out'); import sys; print('err', file=sys.stderr)", "_ + 1"],
    "plots": ["import matplotlib.pyplot as plt\n_ = plt.plot([1, 2, 4])", "plt.get_backend()"],
    "exceptions": ["def f(n):\n    return 1 / n\nf(0)", "never = 1"],
    "tolerated": [{"source": "raise ValueError('known')", "tags": ["raises-exception"]}, "print('after')"],
    "syntax": ["def ("],
    "threads": [
        "import threading\nthread = threading.Thread(target=lambda: print('in a thread'))\nthread.start(); thread.join()",
        "threading.active_count(), threading.current_thread().name",
    ],
    "subprocesses": ["import subprocess\nsubprocess.run(['echo', 'child'], capture_output=True).stdout", "!echo shell"],
    "low_level": ["import os\nos.write(1, b'to the descriptor\\n'); import time; time.sleep(0.2)"],
    "tasks": ["import asyncio\nawait asyncio.sleep(0.01); print('awaited')", "asyncio.get_running_loop().is_running()"],
    "displays": [
        "from IPython.display import HTML, clear_output, display\nhandle = display('before', display_id='a')",
        "handle.update('after'); display(HTML('<b>bold</b>')); print('gone'); clear_output()",
    ],
    "widgets": [
        "import ipywidgets as w\nslider = w.IntSlider(value=3); slider",
        "out = w.Output()\nwith out: print('inside')\nout",
        "slider.value = 4; slider.value",
    ],
    "input": ["input('name?')"],
    "exits": ["import os\nos._exit(3)"],
    "unraised": ["!exit 3", "async def later(): assert False\nlater()"],
    "leaves": ["import sys\nsys.exit(4)", "1"],
    "dies": ["import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"],
    "multiprocessing": [
        "from concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(2) as pool: print(list(pool.map(abs, [-1, -2])))"
    ],
    "magics": ["%pwd", "%env HOME", "%who"],
    "process": [
        "import os, sys\n[os.path.basename(sys.argv[0]), sys.path[:3], os.getpgrp() == os.getpid(), sys.flags.safe_path]",
        "import signal\n[str(signal.getsignal(number)) for number in (2, 15, 17)], signal.pthread_sigmask(0, [])",
        "sorted(name for name in os.environ if not name.startswith(('LC_', 'DEPLOYFEEDBACK_')))",
        "sys.stdin, sys.executable, __name__, sys.getrecursionlimit(), os.umask(0o22)",
        "type(get_ipython()).__qualname__, get_ipython().config, get_ipython().history_manager.hist_file",
        "sorted(name for name in globals() if not name.startswith('_'))",
    ],
}


@contextmanager
def tended(folder: Path) -> Iterator[Stock]:
    stock = Stock(folder)
    try:
        yield stock
    finally:
        stock.close()
        for process in stock._running.values():
            process.wait(5.0)


@pytest.fixture
def supply(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Stock]]:
    folder = tmp_path_factory.mktemp("kernels")
    with tended(folder) as stock:
        yield folder, stock


@pytest.fixture
def stood_by(
    run_notebook: Callable[..., SuiteResult], supply: tuple[Path, Stock], tend: Callable[[Stock], None]
) -> Callable[..., SuiteResult]:
    """Run cells on a kernel that stands by: the first suite orders it."""
    folder, stock = supply

    def run(*cells: Any, **others: Any) -> SuiteResult:
        settings = {"environment": {FOLDER_VARIABLE: str(folder)}} | others
        if not list(folder.glob("*.sock")):
            run_notebook("pass", **settings)
            tend(stock)
        return run_notebook(*cells, **settings)

    return run


@pytest.fixture
def forked(stood_by: Callable[..., SuiteResult]) -> Callable[..., SuiteResult]:
    """Run cells on a kernel that was forked."""
    return lambda *cells, preload=(), **others: stood_by(*cells, **{"kernels": Kernels(preload=preload)} | others)


def outputs(artifact: Path) -> list[Any]:
    """What the cells show, without what differs from run to run by nature."""
    notebook = nbformat.read(artifact, as_version=4)
    states = [kind["state"].values() for kind in notebook.metadata.get("widgets", {}).values()]
    shown = [[dict(output) for output in cell.get("outputs", [])] for cell in notebook.cells]
    return [json.loads(_same(json.dumps(shown))), sorted(_same(json.dumps(each)) for state in states for each in state)]


def _same(text: str) -> str:
    return re.sub(r"ipykernel_\d+/\d+|0x[0-9a-f]+|/[\w/.-]+/kernel.json|[0-9a-f]{32}", "-", text)


def facts(result: SuiteResult) -> Any:
    cases = [
        (case.case_id, case.outcome, case.error and (case.error.type, case.error.message)) for case in result.cases
    ]
    return result.outcome, result.reason, result.warnings, cases, sorted(result.environment)


MOST_TELLING = {
    ("values", "started ahead"),
    *((name, "forked") for name in ("values", "exceptions", "exits", "process")),
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(name, kind, marks=[] if (name, kind) in MOST_TELLING else pytest.mark.slow)
        for name in CORPUS
        for kind in ("forked", "started ahead")
    ],
)
def test_a_kernel_that_stood_by_gives_what_a_started_one_gives(
    run_notebook: Callable[..., SuiteResult], stood_by: Callable[..., SuiteResult], tmp_path: Path, name: str, kind: str
) -> None:
    artifact = tmp_path / "artifacts" / "suite.ipynb"

    started = run_notebook(*CORPUS[name])
    expected = outputs(artifact)
    result = stood_by(*CORPUS[name], kernels=Kernels(preload=() if kind == "forked" else None))

    assert (started.kernel, result.kernel) == ("started", kind)
    assert facts(result) == facts(started)
    assert outputs(artifact) == expected


def test_nothing_of_one_suite_reaches_the_next(forked: Callable[..., SuiteResult]) -> None:
    forked("import os, json; json.leaked = 1; os.environ['LEAKED'] = '1'; leaked = 1")

    result = forked("import os, json; assert not hasattr(json, 'leaked') and 'LEAKED' not in os.environ; leaked")

    assert [case.error.message for case in result.cases if case.error] == ["name 'leaked' is not defined"]


@pytest.mark.slow
def test_forks_draw_different_random_numbers(forked: Callable[..., SuiteResult], tmp_path: Path) -> None:
    draw = "import random, numpy\nopen('drawn', 'a').write(f'{random.random()} {numpy.random.rand()}\\n')"

    for _ in range(2):
        assert forked(draw, preload=("numpy.random",)).kernel == "forked"

    first, second = ((tmp_path / "drawn").read_text()).splitlines()
    assert not set(first.split()) & set(second.split())


def test_what_is_preloaded_is_there_at_once(forked: Callable[..., SuiteResult]) -> None:
    result = forked("import sys; assert 'colorsys' in sys.modules", preload=("colorsys",))

    assert (result.kernel, result.outcome) == ("forked", Outcome.PASSED)


@pytest.mark.slow
def test_a_project_can_have_its_kernels_started(
    forked: Callable[..., SuiteResult], run_notebook: Callable[..., SuiteResult], supply: tuple[Path, Stock]
) -> None:
    assert forked("1").kernel == "forked"

    result = run_notebook("1", kernels=Kernels(preload=None), environment={FOLDER_VARIABLE: str(supply[0])})

    assert (result.kernel, result.outcome) == ("started", Outcome.PASSED)


@pytest.mark.parametrize("preload", ["no_such_module", pytest.param("thread_starter", marks=pytest.mark.slow)])
def test_a_preload_that_cannot_be_forked_means_a_plain_start(
    forked: Callable[..., SuiteResult], supply: tuple[Path, Stock], tmp_path: Path, preload: str
) -> None:
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    (tmp_path / "thread_starter.py").write_text(source)
    environment = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}"}

    result = forked("1", preload=(preload,), environment={FOLDER_VARIABLE: str(supply[0]), **environment})

    assert (result.kernel, result.outcome, result.reason) == ("started", Outcome.PASSED, None)


def test_a_forkserver_whose_packages_changed_forks_no_more(
    forked: Callable[..., SuiteResult], supply: tuple[Path, Stock], tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    environment = {FOLDER_VARIABLE: str(supply[0]), "PYTHONPATH": f"{packages}:{Path(__file__).parents[3]}"}
    assert forked("1", environment=environment).kernel == "forked"

    (packages / "installed.py").touch()
    result = forked("import installed", environment=environment)

    assert (result.kernel, result.outcome, result.reason) == ("started", Outcome.PASSED, None)


@pytest.mark.slow
def test_a_preloaded_module_of_the_project_that_was_edited_is_loaded_anew(
    forked: Callable[..., SuiteResult], supply: tuple[Path, Stock], tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    module = tmp_path / "own" / "model.py"
    module.write_text("layers = 1")
    environment = {FOLDER_VARIABLE: str(supply[0]), "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}"}
    preload = ("own.model",)
    before = forked("import own.model\nassert own.model.layers == 1", environment=environment, preload=preload)

    module.write_text("layers = 22")
    after = forked("import own.model\nassert own.model.layers == 22", environment=environment, preload=preload)

    assert [(each.kernel, each.reason) for each in (before, after)] == [("forked", None), ("started", None)]


def test_no_suite_waits_for_what_still_loads(
    run_notebook: Callable[..., SuiteResult], supply: tuple[Path, Stock], tmp_path: Path
) -> None:
    folder, stock = supply
    (tmp_path / "slow.py").write_text("import time; time.sleep(8)")
    environment = {FOLDER_VARIABLE: str(folder), "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}"}
    settings: dict[str, Any] = {"environment": environment, "kernels": Kernels(preload=("slow",))}
    run_notebook("1", **settings)
    stock.tend()

    result = run_notebook("1", **settings)

    assert (result.kernel, len(stock._running)) == ("started", 1)


def test_the_forkserver_holds_no_secret_that_a_suite_may_see(
    forked: Callable[..., SuiteResult], supply: tuple[Path, Stock]
) -> None:
    environment = {FOLDER_VARIABLE: str(supply[0]), "DECLARED": "hush", "OTHER_TOKEN": "hush"}
    seen = "import os, pathlib\nassert os.environ['DECLARED'] == 'hush' and 'OTHER_TOKEN' not in os.environ\n"
    keeper = "assert b'hush' not in pathlib.Path(f'/proc/{os.getppid()}/environ').read_bytes()"

    result = forked(seen + keeper, environment=environment, kernels=Kernels(environment=("DECLARED",)))

    assert (result.kernel, result.outcome, result.reason) == ("forked", Outcome.PASSED, None)


def test_a_forked_kernel_carries_the_mark_of_its_run_where_others_see_it(forked: Callable[..., SuiteResult]) -> None:
    look = "import psutil, os\nassert psutil.Process().environ()['DEPLOYFEEDBACK_RUN_ID'] == os.environ['DEPLOYFEEDBACK_RUN_ID']"

    assert forked(look).outcome is Outcome.PASSED


@pytest.mark.slow
def test_a_suite_that_hangs_on_a_forked_kernel_leaves_nothing_behind(
    forked: Callable[..., SuiteResult], tmp_path: Path
) -> None:
    orphan = (
        "import subprocess, os, time\nsubprocess.run(['env', '-i', 'sh', '-c', 'setsid sleep 300 & echo $! > orphan'])"
    )
    hang = "open('pid', 'w').write(str(os.getpid()))\nwhile True:\n    try: time.sleep(300)\n    except BaseException: pass"

    result = forked(orphan, hang, suite={"timeout_seconds": 4.0})

    pids = [int((tmp_path / name).read_text()) for name in ("pid", "orphan")]
    assert (result.kernel, result.outcome) == ("forked", Outcome.ERRORED)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.slow
def test_a_kernel_that_dies_before_it_is_ready_is_replaced_by_a_started_one(
    forked: Callable[..., SuiteResult], supply: tuple[Path, Stock], tmp_path: Path
) -> None:
    startup, armed = tmp_path / "profile_default" / "startup", tmp_path / "armed"
    startup.mkdir(parents=True)
    script = "import os\nif os.path.exists({0!r}):\n    os.remove({0!r})\n    os._exit(1)\n".format(str(armed))
    (startup / "00.py").write_text(script)
    environment = {FOLDER_VARIABLE: str(supply[0]), "IPYTHONDIR": str(tmp_path)}
    assert forked("1", environment=environment).kernel == "forked"

    armed.touch()
    result = forked("1", environment=environment)

    assert (result.kernel, result.outcome, result.reason) == ("started", Outcome.PASSED, None)
    assert result.notices == ("The kernel that stood by ended before it was ready; another was started.",)


def test_kernels_that_stand_by_keep_within_their_memory(
    forked: Callable[..., SuiteResult], supply: tuple[Path, Stock]
) -> None:
    assert forked("1").kernel == "forked"
    folder, stock = supply
    stock._memory_mb = 1

    stock.tend()

    assert list(folder.glob("*.sock")) == []
    assert [process.wait(10.0) for process in stock._running.values()] == [0]


COMMAND = ["/usr/bin/python3", "-X", "dev", "-m", "ipykernel_launcher", "-f", "kernel.json"]


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        (["bash", "-c", "kernel"], {}),
        (["/usr/bin/python3", "-m", "xpython", "-f", "kernel.json"], {}),
        (["/usr/bin/python3", "ipykernel_launcher", "-f", "kernel.json"], {}),
        (COMMAND, {"PYTHONHASHSEED": "0"}),
        (COMMAND, {"LD_PRELOAD": "lib.so"}),
    ],
)
def test_what_a_fork_could_not_imitate_is_started(command: list[str], environment: dict[str, str]) -> None:
    assert order_to_fork(command, connection_file="kernel.json", environment=environment, own={}, preload=()) is None


def test_a_forkserver_starts_with_the_interpreters_options_and_no_variable_of_the_run() -> None:
    environment = {"PATH": "/bin", "DEPLOYFEEDBACK_RUN_ID": "1", "MY_TOKEN": "hush", "OWN": "x"}

    order = order_to_fork(
        COMMAND, connection_file="kernel.json", environment=environment, own={"OWN": "x"}, preload=["numpy"]
    )

    told = {"preload": ["numpy"], "arguments": ["-f", "{connection_file}"]}
    expected = Order(("/usr/bin/python3", "-X", "dev"), {"PATH": "/bin", "OWN": "x"}, Program.FORK, told)
    assert order == expected


def test_a_wish_has_another_name_where_anything_differs() -> None:
    orders = [
        Order(("a",), {}, Program.FORK, {}),
        Order(("b",), {}, Program.FORK, {}),
        Order(("a",), {"PATH": "/"}, Program.FORK, {}),
        Order(("a",), {}, Program.START, {}),
        Order(("a",), {}, Program.FORK, {"preload": ["json"]}),
    ]

    assert len({order.name for order in orders}) == 5
