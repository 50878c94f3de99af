"""What the extension costs a Jupyter server that does not use it, and what a kernel that stands by costs.

    python benchmarks/footprint.py [--rounds 10] [--json FILE] [--check]

Servers with and without the extension are started in turn, no other extension is. Seconds until ``/api`` is answered;
memory as the proportional share of what processes share (PSS). Medians; --check exits 1 where a figure is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from served import API, Server, deployment, write_project

MB = 1e6
WARM_SECONDS = 60.0
# what is stated: measurement, at most, unit
STATED = (
    ("start, added by the extension", 0.100, "s"),
    ("idle memory, added by the extension", 30.0, "MB"),
    ("a kernel that stands by", 25.0, "MB"),
)


def main() -> int:
    options = _options()
    measured, verdicts = weigh(rounds=options.rounds)
    show(measured, verdicts)
    if options.json:
        Path(options.json).write_text(json.dumps({"measured": measured, "stated": verdicts}, indent=1))
    return int(options.check and not all(verdict["met"] for verdict in verdicts))


def weigh(*, rounds: int) -> tuple[dict[str, list[float]], list[dict[str, object]]]:
    """Measure all, and say of each stated figure whether it was met."""
    with tempfile.TemporaryDirectory(prefix="foot-") as text, deployment() as url:
        folder = Path(text)
        write_project(folder / "quick", "pass", url=url)
        environment = {**os.environ, "DEPLOYFEEDBACK_STORE": str(folder / "store"), "TMPDIR": text}
        measured = starts(folder, environment, rounds=rounds)
        measured |= standing_by(folder, environment)
    return measured, judged({name: statistics.median(values) for name, values in measured.items()})


def starts(folder: Path, environment: dict[str, str], *, rounds: int) -> dict[str, list[float]]:
    """Start servers in turn, one round more than counts; return seconds and megabytes of both kinds."""
    measured: dict[str, list[float]] = {}
    for round_ in range(rounds + 1):
        for kind in ("without", "with"):
            server = Server(folder, environment, extension=kind == "with")
            seconds = server.start()
            megabytes = pss(server.pid)
            server.stop()
            if round_:
                measured.setdefault(f"start {kind}, s", []).append(seconds)
                measured.setdefault(f"idle memory {kind}, MB", []).append(megabytes)
    return measured


def standing_by(folder: Path, environment: dict[str, str]) -> dict[str, list[float]]:
    """Have a server's kernels stand by, and weigh each of them, and its keeper."""
    server = Server(folder, environment)
    server.start()
    try:
        give_up_at = time.monotonic() + WARM_SECONDS
        while not (keepers := kernel_keepers(server.pid)):
            if time.monotonic() > give_up_at:
                raise SystemExit("No kernel stands by.")
            run_id = server.begin("quick")
            while server.run(run_id)["state"] in {"queued", "running"}:
                time.sleep(0.1)
            time.sleep(2.0)
        server.ask(f"{API}/runs")
        return {
            "a kernel that stands by, MB": [pss(child.pid) for each in keepers for child in each.children()],
            "its keeper, MB": [pss(each.pid) for each in keepers],
        }
    finally:
        server.stop()


def kernel_keepers(server: int) -> list[psutil.Process]:
    """Return the keepers of kernels: children of forkservers, which are started with their socket's number."""
    found: list[psutil.Process] = []
    for process in psutil.Process(server).children(recursive=True):
        if "forked_kernel" in " ".join(process.cmdline()) and "standby" in " ".join(process.parent().cmdline()):
            found += [child for child in process.children() if child.children()]
    return found


def pss(pid: int) -> float:
    return float(psutil.Process(pid).memory_full_info().pss / MB)


def judged(medians: dict[str, float]) -> list[dict[str, object]]:
    """Say of each stated figure whether it was met."""
    values = (
        medians["start with, s"] - medians["start without, s"],
        medians["idle memory with, MB"] - medians["idle memory without, MB"],
        medians["a kernel that stands by, MB"],
    )
    return [
        {"what": what, "most": most, "unit": unit, "is": value, "met": value <= most}
        for (what, most, unit), value in zip(STATED, values, strict=True)
    ]


def show(measured: dict[str, list[float]], verdicts: list[dict[str, object]]) -> None:
    """Print all side by side."""
    print(f"{'median':>9} {'least':>9} {'most':>9}")
    for name, values in measured.items():
        told = f"{statistics.median(values):9.3f} {min(values):9.3f} {max(values):9.3f}"
        print(f"{told}   {name} (n={len(values)})")
    for verdict in verdicts:
        mark = "met" if verdict["met"] else "MISSED"
        print(
            f"{mark:>7}  {verdict['what']}: {verdict['is']:.3f} {verdict['unit']}, stated at most {verdict['most']:g}"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
