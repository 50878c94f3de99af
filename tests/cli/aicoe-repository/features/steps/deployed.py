"""Sends images of digits to the deployed model and stores what came of it."""

import json
import os
import time

import requests
from behave import given, then, when
from sklearn.datasets import load_digits

STORE = os.getenv("STORE_METRICS_PATH", "metrics.json")
MOST = int(os.getenv("TUTORIAL_MAX_REQUESTS_TEST", "40"))


@given("a digits model is deployed")
def deployed(context):
    context.predict = f"{os.environ['DEPLOYED_MODEL_URL']}/predict"
    context.notes = open("./data/notes.txt").read()  # found from the repository's root


@when("images are sent to it one by one")
def send(context):
    images, digits = load_digits(return_X_y=True)
    context.seconds, context.wrong = [], []
    for image, digit in list(zip(images, digits))[-MOST:]:
        begun = time.perf_counter()
        answer = requests.post(context.predict, json={"inputs": [image.tolist()]}, timeout=10)
        context.seconds.append(time.perf_counter() - begun)
        context.wrong.append(int(answer.json()["predictions"][0] != digit))


@then("it gets most of them right")
def right(context):
    assert sum(context.wrong) < len(context.wrong) / 2, f"{sum(context.wrong)} of {len(context.wrong)} are wrong"


@then("its metrics are stored")
def stored(context):
    metrics = {
        "average_latency": sum(context.seconds) / len(context.seconds),
        "average_error": sum(context.wrong) / len(context.wrong),
        "number_requests": len(context.wrong),
    }
    with open(STORE, "w") as file:
        json.dump(metrics, file)
