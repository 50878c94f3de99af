"""Serve one version of the digits model: ``python app.py --model models/released.joblib --port 8001``.

POST /predict {"inputs": [[64 values], ...]} -> {"predictions": [...], "probabilities": [...], "model_version": "..."}
GET /ready, GET /version, and GET /metrics for Prometheus.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
from flask import Flask, Response, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from waitress import create_server
from werkzeug.exceptions import BadRequest, HTTPException

MOST_IMAGES = 1000  # in one request
BRIGHTEST = 16

REQUESTS = Counter("flask_http_request", "Requests answered", ["method", "path", "status"])
LATENCY = Histogram(
    "flask_http_request_duration_seconds",
    "Time to answer",
    ["path"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
MODEL = Gauge("digits_model_info", "The model that is served", ["version"])


def make_app(model_file: Path) -> Flask:
    """Return the web application that serves a model; its card lies beside it as JSON."""
    model = joblib.load(model_file)
    card: dict[str, Any] = json.loads(model_file.with_suffix(".json").read_text())
    app = Flask("digits")
    app.config["MAX_CONTENT_LENGTH"] = 2_000_000
    MODEL.labels(card["model_version"]).set(1)

    @app.post("/predict")
    def predict() -> Response:
        shares = model.predict_proba(read_images(read_body()))
        best = shares.argmax(axis=1)
        return jsonify(
            predictions=model.classes_[best].tolist(),
            probabilities=shares.max(axis=1).round(4).tolist(),
            model_version=card["model_version"],
        )

    @app.get("/ready")
    def ready() -> Response:
        return jsonify(ready=True, model_version=card["model_version"])

    @app.get("/version")
    def version() -> Response:
        software = {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__}
        return jsonify(model_version=card["model_version"], software=software, card=card)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description), error.code or 500

    app.before_request(start_clock)
    app.after_request(count)
    return app


def read_body() -> Any:  # noqa: ANN401 - whatever JSON the client sent
    """Return the body of a request, None if it is not JSON, whatever content type it claims."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:  # [[[[[[...
        return None


def read_images(body: Any) -> np.ndarray:  # noqa: ANN401 - whatever JSON the client sent
    """Return the images of a request, one row each; BadRequest says what is wrong with them."""
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise BadRequest('Send {"inputs": [[64 values from 0 to 16], ...]}.')
    if not 0 < len(body["inputs"]) <= MOST_IMAGES:
        raise BadRequest(f"Send 1 to {MOST_IMAGES} images, not {len(body['inputs'])}.")
    try:
        images = np.asarray(body["inputs"], dtype=float).reshape(len(body["inputs"]), -1)
    except (TypeError, ValueError, OverflowError):
        raise BadRequest("Each image is a list of 64 numbers.") from None
    if images.shape[1] != 64:
        raise BadRequest(f"Each image has 64 values, not {images.shape[1]}.")
    if not ((images >= 0) & (images <= BRIGHTEST)).all():
        raise BadRequest(f"Each value lies between 0 and {BRIGHTEST}.")
    return images


def start_clock() -> None:
    """Remember when a request came in."""
    g.started = time.perf_counter()


def count(response: Response) -> Response:
    """Count an answer by its status and time it; unknown paths are counted as one, whatever clients make up."""
    path = request.path if request.url_rule else "unknown"
    LATENCY.labels(path).observe(time.perf_counter() - g.started)
    REQUESTS.labels(request.method, path, str(response.status_code)).inc()
    return response


def main() -> None:
    """Serve until stopped. With port 0 a free one is taken; the first line of output says which."""
    parser = argparse.ArgumentParser(description="Serve one version of the digits model.")
    parser.add_argument("--model", type=Path, required=True, help="file that train.py wrote")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    arguments = parser.parse_args()
    if not arguments.model.is_file():
        parser.error(f"{arguments.model} does not exist; make it with: python train.py")
    app = make_app(arguments.model)
    try:
        server = create_server(app, host=arguments.host, port=arguments.port, threads=4)
    except OSError as error:
        parser.error(f"cannot listen on port {arguments.port}: {error.strerror}")
    sys.stdout.write(f"Serving {arguments.model.stem} at http://{arguments.host}:{server.effective_port}\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main()
