"""Loaded by a kernel of Python, at the latest before its first cell: notes what fails in cells that raise nothing.

Runs in the kernel's own interpreter, which may be older and lack this package: standard library and IPython only.
A note is a line in the file of records; what nobody awaited is asked for at the end.
"""

# ruff: noqa: ANN401, SLF001 - it looks into what IPython, asyncio and others made
from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
import weakref
from contextvars import ContextVar
from typing import Any

ASKED: ContextVar[str] = ContextVar("asked", default="")  # the request whose cell runs, or started the task that does
HERE: dict[str, Any] = {"asked": ""}  # the request of the cell that runs or ran last, the shell, the file of records
LOST: list[tuple[str, str]] = []  # of those that are gone: the request, and what became of it
TESTS = (
    r"(?:^|[;&|(]|\brun\s)\s*(?:\w+=\S*\s+)*(?:[\w.~/-]*/)?(?:pytest|py\.test|behave)\b"
    r"|\s-m\s*(?:pytest|unittest|doctest|behave)\b"
)
LONGEST = 100
PIPED = r"(?:(?!&&)[^;|])*\|(?!\|)"
UNAWAITED: Any = weakref.WeakKeyDictionary()  # task, future or coroutine -> the request whose cell made it


def watch_cells() -> None:
    """Begin, in the kernel that runs this."""
    shell = sys.modules["IPython"].get_ipython()
    HERE.update(shell=shell, file=os.environ["DEPLOYFEEDBACK_RECORDS"])
    watch_commands()
    for loaded in Later.watches.keys() & sys.modules.keys():
        Later.watches[loaded](sys.modules[loaded])
    sys.meta_path.insert(0, Later)  # a class finds as well as an instance
    shell.events.register("pre_run_cell", begin)
    shell.events.register("post_run_cell", end)
    asyncio.get_event_loop().set_task_factory(make_task)
    asyncio.get_event_loop().set_exception_handler(lose)


def note(said: str, *, fails: bool = False, exit_status: bool = False) -> None:
    """Append a note; where it cannot be written, the cell raises."""
    told = {"kind": "unraised", "said": said, "fails": fails, "exit_status": exit_status}
    with open(HERE["file"], "a", encoding="utf-8") as file:  # noqa: PTH123 - quicker
        file.write(json.dumps(told) + "\n")


def note_status(status: object, caller: Any) -> None:
    """Note a command that failed, as the cell has it, or one whose pipe hides how tests ended."""
    command = caller.f_locals.get("cmd", "a command")
    tests = re.search(TESTS, command) if status or "|" in command else None
    hidden = tests and re.match(PIPED, command[tests.end() :]) and "pipefail" not in command
    if status and isinstance(status, int):
        note_end(command, status, tests=tests is not None)
    elif hidden:
        note(f"`{shortened(command)}` hides the exit status of the tests behind its pipe", exit_status=True)


def note_end(command: str, status: Any, *, tests: bool = False) -> None:
    """Note how a command failed; by 1, 2 and 3 test runners say that tests failed, or could not be run."""
    ended = f"was ended by signal {-status}" if status < 0 else f"ended with exit status {status}"
    note(f"`{shortened(command)}` {ended}", fails=tests and status in {1, 2, 3}, exit_status=True)


def shortened(command: str) -> str:
    """Return a command on one line."""
    line = " ".join(command.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def note_tests(runner: str, *, failed: int, ran: int) -> None:
    """Note that tests failed, or that there were none."""
    if failed or not ran:
        note(f"{runner}: {failed} of {ran} tests failed" if failed else f"{runner}: no test was run", fails=failed > 0)


def watch(owner: Any, name: str, tell: Any) -> None:
    """Have what a function returned told, with what it was given."""
    plain = getattr(owner, name)

    def watched(*given: Any, **named: Any) -> Any:
        returned = plain(*given, **named)
        tell(returned, *given)
        return returned

    setattr(owner, name, watched)


def getoutput(command: str) -> str:
    """Return what a command wrote. IPython's own is the same, and forgets how the command ended."""
    run = sys.modules["IPython.utils.process"].process_handler
    answer = run(command, lambda process: (process.communicate()[0], process.returncode), subprocess.STDOUT)
    if answer is None:  # it was interrupted
        return ""
    note_status(answer[1], sys._getframe(1))
    return str(answer[0].decode(sys.modules["IPython.utils.encoding"].DEFAULT_ENCODING, "replace"))


def watch_commands() -> None:
    """Watch what is behind ``!``, ``!!``, ``%sx``, ``%system``, ``%pip`` and aliases."""
    for module in {sys.modules.get(each.__module__) for each in type(HERE["shell"]).__mro__}:
        if hasattr(module, "system"):
            watch(module, "system", lambda status, *_: note_status(status, sys._getframe(2)))
        if hasattr(module, "getoutput"):
            module.getoutput = getoutput  # type: ignore[union-attr]  # it was looked for


def watch_unittest(module: Any) -> None:
    """Watch runners, and programs for runners of other packages; one result is noted once."""

    def tell(result: Any, *_: object) -> None:
        failed = sum(len(getattr(result, kind, ())) for kind in ("failures", "errors", "unexpectedSuccesses"))
        if not hasattr(result, "_noted"):
            result._noted = True
            note_tests("unittest", failed=failed, ran=result.testsRun)

    watch(module.TextTestRunner, "run", tell)
    watch(module.TestProgram, "runTests", lambda _, program: tell(program.result))


def watch_doctest(module: Any) -> None:
    """Watch each docstring, and the sum of all: there may be none."""

    def tell(result: Any, *, one: bool) -> None:
        if one == bool(result[0]):  # what failed was told one by one
            note_tests("doctest", failed=result[0], ran=result[1])

    watch(module.DocTestRunner, "run", lambda result, *_: tell(result, one=True))
    watch(module.DocTestRunner, "summarize", lambda result, *_: tell(result, one=False))


def watch_pytest(module: Any) -> None:
    """Watch pytest where a cell calls it."""
    watch(module, "main", lambda status, *_: note_end("pytest.main()", int(status), tests=True) if status else None)


def watch_profile(module: Any) -> None:
    """Watch profilers, for which SystemExit is an end like any other."""
    plain = module.Profile.runctx

    def runctx(*given: Any) -> Any:
        try:
            return plain(*given)
        except SystemExit as leaving:
            if leaving.code:
                note_end("sys.exit()", leaving.code if isinstance(leaving.code, int) else 1)
            raise

    module.Profile.runctx = runctx


class Later:
    """Watches modules as soon as they are imported: finds them as others do, and then has them watched."""

    watches = {
        "unittest": watch_unittest,
        "doctest": watch_doctest,
        "pytest": watch_pytest,
        "cProfile": watch_profile,
        "profile": watch_profile,
    }
    finding: set[str] = set()

    @classmethod
    def find_spec(cls, name: str, *_: object) -> Any:
        """Return what others find, made to watch what it loads."""
        if name not in cls.watches or name in cls.finding:
            return None
        cls.finding.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            cls.finding.discard(name)
        if spec is not None and hasattr(spec.loader, "path"):  # one of this module alone
            watch(spec.loader, "exec_module", lambda _, module: cls.watches[name](module))
        return spec


def make_task(loop: Any, coroutine: Any, **settings: Any) -> Any:
    """Return the task that asyncio would make; a cell's is remembered."""
    task = asyncio.Task(coroutine, loop=loop, **settings)
    if ASKED.get():
        UNAWAITED[task] = ASKED.get()
    return task


def lose(loop: Any, context: Any) -> None:
    """Note what failed and is gone, so that nobody can await it any more."""
    thing, error = context.get("future") or context.get("task"), context.get("exception")
    if thing is None:
        asked = context["handle"]._context.get(ASKED) if "handle" in context else ""
    else:  # a future that has no cell is one that asyncio made, of several
        asked = UNAWAITED.get(thing, "" if isinstance(thing, asyncio.Task) else HERE["asked"])
    if asked and error is not None:
        LOST.append((asked, raised(thing, error)))
    loop.default_exception_handler(context)


def begin(*_: object) -> None:
    """Note which cell runs."""
    HERE["asked"] = HERE["shell"].get_parent()["header"]["msg_id"]
    ASKED.set(HERE["asked"])


def end(*_: object) -> None:
    """Remember what the cell left unawaited in a name or as its value."""
    names = HERE["shell"].user_ns
    for value in [*names.values(), *names.get("_oh", {}).values()]:
        if isinstance(value, asyncio.Future) or inspect.iscoroutine(value):
            UNAWAITED.setdefault(value, HERE["asked"])
    ASKED.set("")


def unawaited() -> str:
    """Return what nobody awaited and failed or came to no end, as JSON: pairs of the cell's request and a sentence."""
    fates = LOST + [(asked, fate(thing)) for thing, asked in list(UNAWAITED.items())]
    return json.dumps([(asked, said) for asked, said in fates if said])


def fate(thing: Any) -> str:
    """Say what became of a task, future or coroutine; nothing where all is well or somebody knows."""
    if inspect.iscoroutine(thing):
        never = inspect.getcoroutinestate(thing) == inspect.CORO_CREATED
        return f"the coroutine {thing.__name__} was never awaited" if never else ""
    if not thing.done():
        return f"{named(thing)} still ran when the suite was over" if isinstance(thing, asyncio.Task) else ""
    failed = not thing.cancelled() and thing._log_traceback  # which asyncio unsets as soon as somebody asks
    return raised(thing, thing.exception()) if failed else ""


def raised(thing: Any, error: Any) -> str:
    """Say what a task, future or callback raised."""
    return f"{named(thing)} that nobody awaited raised {type(error).__name__}: {error}".rstrip(": ")


def named(thing: Any) -> str:
    """Return what a task, future or callback is called."""
    if isinstance(thing, asyncio.Task):
        return f"the task {getattr(thing.get_coro(), '__name__', thing.get_name())}"
    return "a callback" if thing is None else "a future"
