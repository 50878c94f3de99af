"""Trap 1: what a stall looks like to a sender that waits for answers, and to one that keeps its schedule."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jupyter_deployfeedback as jdf
from judged.figure import Figure
from jupyter_deployfeedback.errors import GeneratorSaturated

STALL, SERVICE, RATE, SECONDS = 1.0, 0.01, 50, 10.0
ANSWER = b'{"predictions": [0]}'


def coordinated_omission(_: int) -> Iterator[Figure]:
    """Ask a real server that stalls once, for a tenth of the time, and is busy half of the rest: p95."""
    inputs = [[0]] * 100
    with redirect_stdout(io.StringIO()):
        with stalling(after=1.0) as url:
            opened = jdf.load(jdf.connect(url), inputs, rate=RATE, seconds=SECONDS, windows=1, warmup=0)
        with stalling(after=0.1) as url:
            closed = jdf.evaluate(jdf.connect(url), inputs * 5, [0] * 500, warmup=0)
    yield Figure(
        "a stall of 1 s in 10 s at 50/s: p95",
        opened.latency.p95,
        closed.latency.p95,
        "closed loop",
        at_least=0.7,
        unit="s",
    )


def saturated_generator(_: int) -> Iterator[Figure]:
    """Send more than one connection can carry: an error, whatever the latencies say."""
    refused = 0.0
    with redirect_stdout(io.StringIO()), stalling(after=3600) as url:
        try:
            jdf.load(jdf.connect(url), [[0]], rate=4 / SERVICE, seconds=1.0, windows=1, connections=1)
        except GeneratorSaturated:
            refused = 1.0
    yield Figure("a sender that cannot keep its schedule is an error", refused, 0.0, "reports what it sent", at_least=1)


@contextmanager
def stalling(*, after: float) -> Iterator[str]:
    """Serve one request at a time, 10 ms each, and nothing for 1 s once the first request is so long ago."""
    began: list[float] = []
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            began.append(time.monotonic())
            with turn:
                left = began[0] + after + STALL - time.monotonic()
                time.sleep(left if 0 < left <= STALL else SERVICE)
            self.send_response(200)
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
