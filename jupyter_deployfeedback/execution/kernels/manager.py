"""The supply of kernels: how a suite gets its kernel. It is one that stands by where there is one, else started.

Every kernel serves one suite and has its own environment. It talks over a socket file that only this user can open,
where it is known to speak over one.
"""

import ast
import inspect
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_core.utils import run_sync

from jupyter_deployfeedback.execution.environment import allowed
from jupyter_deployfeedback.execution.kernels.provisioner import STARTED, SuiteProvisioner, Supply
from jupyter_deployfeedback.execution.standby.orders import find, is_refused, order_to_fork

POLITE_SECONDS = 4.0  # half of it for a kernel to end by itself, half for SIGTERM, then SIGKILL
HASTY_SECONDS = 1.5  # the same, when the suite was stopped
END_POLL_SECONDS = 0.005
_PYTHON = "python3"
_SPEAK_OVER_FILES = ("ipykernel", "bash_kernel", "IRkernel", "IJulia")  # in the command of those that know "ipc"
RECONNECT_MILLISECONDS = 10  # a kernel that starts has not bound its sockets yet
_ANSWER_SECONDS = 1.0
_IDLE_SECONDS = 0.1  # from a reply to the same request's "idle", where the outputs are listened to already
# The folders' names are enough (name-version.dist-info): reading each package's metadata would take 50 ms.
_EXPRESSION = """'/'.join(
    name
    for folder in __import__('sys').path if __import__('os').path.isdir(folder or '.')
    for name in __import__('os').listdir(folder or '.') if name.endswith('.dist-info')
)"""


@dataclass(frozen=True)
class KernelRequest:
    """Which kernel a suite asks for. ``environment`` is the kernel's whole environment, paths are absolute."""

    name: str
    folder: str
    environment: dict[str, str]
    runtime_folder: str
    supply: str = ""  # the folder where kernels stand by, if there is one
    may_fork: bool = True
    preload: tuple[str, ...] = ()


class SuiteKernelManager(AsyncKernelManager):
    """Starts and ends one kernel; its clients take in any number of messages."""

    @property
    def supplied(self) -> str:
        """How its kernel came to be: forked or started."""
        return getattr(self.provisioner, "supplied", STARTED)

    @property
    def language(self) -> str:
        """The language its kernel speaks, as its specification says."""
        return self.kernel_spec.language if self.kernel_spec is not None else ""

    def client(self, **settings: Any) -> Any:  # noqa: ANN401 - jupyter_client's own
        """Return a client of the kernel that hears all it says."""
        client = super().client(**settings)
        hear_everything(client)
        return client

    async def start_kernel(  # type: ignore[override]  # jupyter_client annotates it as what it is not
        self,
        **settings: Any,  # noqa: ANN401 - jupyter_client's own
    ) -> None:
        """Start its kernel; jupyter_client's own sleeps for 0.01 s afterwards, for its tests."""
        await inspect.unwrap(AsyncKernelManager.start_kernel)(self, **settings)

    async def _async_wait(self, pollinterval: float = END_POLL_SECONDS) -> None:
        """Wait until its process has ended; jupyter_client's own looks ten times a second."""
        await super()._async_wait(pollinterval=min(pollinterval, END_POLL_SECONDS))


@contextmanager
def supply_kernel(request: KernelRequest) -> Iterator[SuiteKernelManager]:
    """Give a started kernel that nobody used before; it is ended afterwards, whatever happened.

    It may not answer yet: connecting waits for it. Raises ``jupyter_client.kernelspec.NoSuchKernel``.
    """
    manager = SuiteKernelManager(
        kernel_name=request.name,
        connection_file=str(Path(request.runtime_folder) / "kernel.json"),
        shutdown_wait_time=POLITE_SECONDS,
        client_factory=SuiteKernelClient,
        kernel_id=str(uuid4()),
    )
    manager.transport = _transport(manager.kernel_spec)
    if _is_local(manager):
        manager.provisioner = SuiteProvisioner(
            parent=manager,
            kernel_id=manager.kernel_id,
            kernel_spec=manager.kernel_spec,
            connection_file=manager.connection_file,
            transport=manager.transport,
            supply=_supply(request),
            preload=request.preload,
        )
    environment = request.environment | {"JUPYTER_RUNTIME_DIR": request.runtime_folder}
    try:
        run_sync(manager.start_kernel)(extra_arguments=_arguments(manager), env=environment, cwd=request.folder)
        yield manager
    except BaseException:
        manager.shutdown_wait_time = HASTY_SECONDS
        raise
    finally:
        _end(manager)


def order_kernel(name: str, *, preload: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Have a kernel that suites will probably ask for forked before they do; where that cannot be, nothing happens.

    ``folder`` is where kernels stand by, ``environment`` that of the runs. Raises ``NoSuchKernel``.
    """
    manager = SuiteKernelManager(kernel_name=name, connection_file=str(folder / "kernel.json"))
    specification = manager.kernel_spec
    if specification is None or specification.env or not _is_local(manager):  # what it adds may depend on the suite
        return
    command = manager.format_kernel_cmd(extra_arguments=_arguments(manager))
    order = order_to_fork(
        command, connection_file=manager.connection_file, environment=allowed(environment), own={}, preload=preload
    )
    if order is not None and not is_refused(folder, order):
        find(folder, order)


def find_provisioners() -> None:
    """Have jupyter_client look once which packages bring ways to start kernels: it reads what each package offers."""
    KernelProvisionerFactory.instance()


def kernel_name(metadata: dict[str, dict[str, str]]) -> tuple[str, str | None]:
    """Return the kernel a notebook names, or Python's with a notice where it names none."""
    name = metadata.get("kernelspec", {}).get("name")
    if name:
        return name, None
    return _PYTHON, f"The notebook names no kernel; {_PYTHON} ran it."


def how_it_ended(manager: SuiteKernelManager) -> str:
    """Say how a kernel's process ended by itself."""
    process = getattr(manager.provisioner, "process", None)
    code = process.poll() if process is not None else None
    if code is None:
        return "The kernel ended."
    if code < 0:
        hint = " This is how a system ends what needs too much memory." if -code == signal.SIGKILL else ""
        return f"The kernel was killed by signal {-code}.{hint}"
    return f"The kernel exited with code {code} in the middle of the suite."


def _arguments(manager: SuiteKernelManager) -> list[str]:
    return ["--HistoryManager.hist_file=:memory:"] if manager.ipykernel else []


def _transport(specification: KernelSpec | None) -> str:
    """Return "ipc", a socket file in our own folder, where the kernel can; TCP is open to every user of the machine.

    Others do not know it, or not with paths as long as ours: xeus has 32 bytes for an address.
    """
    command = "" if specification is None else " ".join(specification.argv)
    return "ipc" if any(name in command for name in _SPEAK_OVER_FILES) else "tcp"


def _supply(request: KernelRequest) -> Supply | None:
    return Supply(Path(request.supply), request.may_fork) if request.supply else None


def _is_local(manager: SuiteKernelManager) -> bool:
    """Say whether the kernel is started by Jupyter's usual means: a specification may name others."""
    specification = manager.kernel_spec
    return specification is not None and "kernel_provisioner" not in specification.metadata


def _end(manager: SuiteKernelManager) -> None:
    if manager.has_kernel and not manager.context.closed:  # nbclient closes it with a kernel that never got ready
        run_sync(manager.shutdown_kernel)()
    else:
        run_sync(manager.cleanup_resources)()


def hear_everything(client: AsyncKernelClient) -> None:
    """Have a client drop no message and connect at once, before it has opened a channel.

    ZeroMQ drops messages without a word when a thousand are waiting to be read, failed checks among them.
    """
    client.context.setsockopt(zmq.RCVHWM, 0)
    client.context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)


def asked_by(message: Mapping[str, Any]) -> str | None:
    """Return the id of the request that a message belongs to, None where it belongs to none."""
    parent = message["parent_header"]
    return parent.get("msg_id") if parent else None  # xeus writes null


class SuiteKernelClient(AsyncKernelClient):
    """jupyter_client's, which flushes outputs until 0.2 s pass without one before it calls a kernel ready.

    ``language_info``: what the kernel says of its language, once it is ready.
    """

    language_info: Mapping[str, Any] = MappingProxyType({})

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - jupyter_client's signature
        """Ask until reply and "idle" of one request were heard: then outputs arrive. RuntimeError where they do not."""
        give_up_at = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._answers():
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answers(self) -> bool:
        asked = self.kernel_info()
        try:
            reply = await self.get_shell_msg(timeout=_ANSWER_SECONDS)
            while not await self._is_idle_after(asked):
                pass
        except Empty:
            return False
        if reply["msg_type"] != "kernel_info_reply":
            return False
        self._handle_kernel_info_reply(reply)
        self.language_info = reply["content"].get("language_info", {})
        return True

    async def _is_idle_after(self, request: str) -> bool:
        message: dict[str, Any] = await self.get_iopub_msg(timeout=_IDLE_SECONDS)
        return asked_by(message) == request and message["content"].get("execution_state") == "idle"


def ask_packages(client: Any, **more: str) -> str:  # noqa: ANN401 - nbclient's client, which only the engine imports
    """Ask a kernel, silently, for its packages, and ``more`` expressions; returns the question.

    One of another language is asked how it is.
    """
    if client.nb.metadata["language_info"].get("name") != "python":
        return str(client.kc.kernel_info())
    return str(client.kc.execute("", silent=True, user_expressions={"packages": _EXPRESSION, **more}))


def hear_answers(client: Any, question: str) -> dict[str, str]:  # noqa: ANN401
    """Return the kernel's answers, without those it does not give; one that has died raises DeadKernelError."""
    answers = client.wait_for_reply(question)["content"].get("user_expressions") or {}  # xeus-python answers with null
    given = {name: answer for name, answer in answers.items() if answer.get("status") == "ok"}
    return {name: ast.literal_eval(answer["data"]["text/plain"]) for name, answer in given.items()}


def packages_of(client: Any, answers: Mapping[str, str]) -> dict[str, str]:  # noqa: ANN401
    """Return a Python kernel's packages with its own version; nothing where it did not answer."""
    if "packages" not in answers:
        return {}
    return {"python": client.nb.metadata["language_info"].get("version", "")} | read_packages(answers["packages"])


def read_packages(listing: str) -> dict[str, str]:
    """Read ``name-version.dist-info/...``; of two versions the one found first is the one that is imported."""
    found: dict[str, str] = {}
    for folder in listing.split("/"):
        name, dash, version = folder.removesuffix(".dist-info").rpartition("-")
        if dash:
            found.setdefault(name.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))
