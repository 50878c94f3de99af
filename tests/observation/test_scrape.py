from __future__ import annotations

import time

from jupyter_deployfeedback.observation import watch
from tests.observation.conftest import by_name, now, span, target


def test_counts_of_a_scraped_target_are_those_of_its_window(deploy):
    deployment = deploy()
    for _ in range(5):
        deployment.predict()  # before the window: not counted
    with watch(target(deployment.url), (), environment={}) as watching:
        start = now()
        for _ in range(200):
            deployment.predict()
        for _ in range(7):
            deployment.predict(status=400)
        time.sleep(2)
        window = span(start, now())
    found = by_name(watching.read(window)[0])
    assert (found["server_requests"].value, found["server_errors"].value) == (207, 7)
