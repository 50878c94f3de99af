"""The server extension: settings, routes, the life of its runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, Int, List, Unicode

from jupyter_deployfeedback.server.handlers import routes

if TYPE_CHECKING:
    from jupyter_deployfeedback.server.desk import Desk

EVENT_SCHEMA = Path(__file__).parent / "event_schemas" / "run.v1.yaml"


class DeployFeedbackApp(ExtensionApp):
    """Runs suites against deployed models and gives their feedback to the panel."""

    name = "jupyter_deployfeedback"
    load_other_extensions = True

    store_url = Unicode(
        "",
        help="Where runs are kept: a folder, or an SQLAlchemy URL such as postgresql+psycopg://host/name for a team. "
        "Empty: $DEPLOYFEEDBACK_STORE, else a folder in Jupyter's data directory.",
    ).tag(config=True)
    max_concurrent_runs = Int(
        1,
        min=1,
        help="How many runs work at once; others stay queued. More than one disturbs each other's latency.",
    ).tag(config=True)

    max_parallel_suites = Int(
        None,
        min=1,
        allow_none=True,
        help="How many suites of a run work at once at most, whatever the project asks for. None: one per core.",
    ).tag(config=True)

    max_queued_runs = Int(
        20, min=1, help="How many runs may wait for those that work; one more is refused, with the answer 429."
    ).tag(config=True)

    max_body_bytes = Int(
        1_000_000, min=1000, help="The largest body of a request; a larger one is refused, with the answer 413."
    ).tag(config=True)

    preload = Bool(
        True,  # noqa: FBT003 - traitlets' signature
        help="Keep a process standing by from which runs are forked, so that none waits for libraries to load. It "
        "starts when the panel opens a project.",
    ).tag(config=True)

    standby_idle_minutes = Float(
        15.0, help="How long processes stand by without a run before they give their memory back."
    ).tag(config=True)
    standby_memory_mb = Int(
        None,
        min=0,
        allow_none=True,
        help="The most memory, in MB, for kernels that stand by: those of the project that was used least recently go. "
        "None: no limit but the number of projects in use.",
    ).tag(config=True)

    allowed_secrets = List(
        Unicode(),
        help="Secrets that every project may send, and where: a reference and an origin (scheme, host, port), such as "
        "env:MODEL_TOKEN=https://model.example; * as reference means any. Users allow more, each for themselves.",
    ).tag(config=True)

    _desk: Desk | None = None

    def initialize_settings(self) -> None:
        """Register the events and promise a desk; nothing heavy is imported before the server answers."""
        self.settings["deployfeedback_desk"] = self._open_desk
        self.settings["deployfeedback_max_body_bytes"] = self.max_body_bytes
        self._server.event_logger.register_event_schema(EVENT_SCHEMA)

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self.handlers.extend(routes())

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:  # noqa: ANN401 - jupyter_server's signature
        """Work off what waited when an earlier server ended; who never had a run does not load what that takes."""
        await super()._start_jupyter_server_extension(serverapp)  # type: ignore[no-untyped-call]
        place = self.store_url or os.environ.get("DEPLOYFEEDBACK_STORE") or f"{jupyter_data_dir()}/deployfeedback"
        if "://" in place or os.path.exists(place):  # noqa: ASYNC240, PTH110 - one look at the disk
            desk = "jupyter_deployfeedback.server.desk"
            await asyncio.get_running_loop().run_in_executor(None, import_module, desk)
            self._open_desk()

    async def stop_extension(self) -> None:
        """Cancel what works; what waits is left to the next server."""
        if self._desk is not None:
            await self._desk.close()

    @property
    def _server(self) -> Any:  # noqa: ANN401 - the server it was loaded into; jupyter_server types its parts as optional
        return self.serverapp

    def _open_desk(self) -> Desk:
        if self._desk is None:
            from jupyter_deployfeedback.server.desk import Desk

            self._desk = Desk(
                root=Path(self._server.root_dir),
                store_url=self.store_url or None,
                max_runs=(self.max_concurrent_runs, self.max_queued_runs),
                standby=self._standby(),
                max_parallel_suites=self.max_parallel_suites,
                allowed_secrets=self.allowed_secrets,
                emit=self._server.event_logger.emit,
                touch=self._touch,
                log=self.log,
            )
        return self._desk

    def _standby(self) -> Callable[[int], list[str]] | None:
        """Return the command of the process that stands by, for the descriptor it listens on."""
        if not self.preload:
            return None
        from jupyter_deployfeedback.run_process.client import standby_command

        return partial(standby_command, idle_seconds=60.0 * self.standby_idle_minutes, memory_mb=self.standby_memory_mb)

    def _touch(self) -> None:
        """Tell the culler of a hub that somebody works here."""
        from jupyter_server._tz import utcnow

        self._server.web_app.settings["api_last_activity"] = utcnow()
