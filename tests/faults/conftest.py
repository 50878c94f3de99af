from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.faults.scene import Scene


class Ready(BaseHTTPRequestHandler):
    """A deployment that is always ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def eventually_left(folder: Path) -> list[Path]:
    """What is left of the processes that stood by: they end after the server."""
    for _ in range(100):
        left = [path for path in folder.iterdir() if not path.name.startswith("jupyter-clean-cfg-")]  # jupyter_core's
        if not left:
            break
        time.sleep(0.1)
    return left


@pytest.fixture(scope="session")
def target() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@contextmanager
def running(target: str, *, group: Path | None = None, arguments: tuple[str, ...] = ()) -> Iterator[Scene]:
    """Give a server whose runs and kernels stand by; when it has stopped, no temporary file may be left."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the processes are looked for in /proc")
    folder = Path(mkdtemp(prefix="faults-"))  # short: a socket's path has at most 107 characters
    scene = Scene(folder, target=target, group=group, arguments=arguments)
    scene.start()
    try:
        yield scene
        if scene.process.poll() is None:
            scene.stop()
        assert eventually_left(scene.temporary) == []
    finally:
        if scene.process.poll() is None:
            scene.process.kill()
            scene.process.wait()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def scene(target: str) -> Iterator[Scene]:
    with running(target) as scene:
        yield scene
