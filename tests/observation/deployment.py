"""A small real deployment: answers, burns CPU, allocates and fails as it is told; prints its port."""

from __future__ import annotations

import sys
import time

from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from waitress.server import create_server

REQUESTS = Counter("flask_http_request", "Requests", ["method", "path", "status"])
KEPT: list[bytearray] = []

app = Flask(__name__)


@app.post("/predict")
def predict() -> tuple[Response, int]:
    wish = request.get_json()
    busy_until = time.monotonic() + wish.get("burn_seconds", 0)
    while time.monotonic() < busy_until:
        pass
    KEPT.append(bytearray(b"x" * wish.get("allocate_bytes", 0)))
    status = wish.get("status", 200)
    REQUESTS.labels("POST", "/predict", str(status)).inc()
    return jsonify(predictions=[0]), status


@app.get("/ready")
def ready() -> dict[str, str]:
    REQUESTS.labels("GET", "/ready", "200").inc()
    return {"model_version": "2.1"}


@app.get("/metrics")
def metrics() -> Response:
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


if __name__ == "__main__":
    server = create_server(app, host="127.0.0.1", port=int(sys.argv[1]), threads=6)
    print(server.effective_port, flush=True)
    server.run()
