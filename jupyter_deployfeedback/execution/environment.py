"""What a worker and a kernel may see of the environment: an allow-list, so that no token leaks by default.

A continued run tells its suites of the runs before it in files that only this user may read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from jupyter_deployfeedback.probe import environment as names
from jupyter_deployfeedback.probe.environment import CONTINUES
from jupyter_deployfeedback.probe.redaction import known, learn
from jupyter_deployfeedback.probe.secrets import real_address
from jupyter_deployfeedback.probe.trust import references_of, uses_of

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.evaluation import Continuation
    from jupyter_deployfeedback.domain.project import Target

_ALLOWED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP"
    r"|VIRTUAL_ENV|PYTHONPATH|PYTHONUTF8|PYTHONIOENCODING|CONDA\w*|MAMBA\w*|IPYTHONDIR|JUPYTER_(PATH|DATA_DIR|CONFIG_DIR)"
    r"|LD_LIBRARY_PATH|DYLD_\w+|CUDA\w*|NVIDIA_VISIBLE_DEVICES|\w+_NUM_THREADS|XDG_\w+|DBUS_SESSION_BUS_ADDRESS"
    r"|(http|https|no|all)_proxy|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE",
    re.IGNORECASE,
)
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|(^|_)KEY$|^JUPYTERHUB_", re.IGNORECASE)
_REFERENCE = "env:"
_OURS = "DEPLOYFEEDBACK_"
PRIVATE = 0o600


def allowed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what any process of ours needs to work on this machine, and nothing that looks like a secret."""
    return {name: value for name, value in environment.items() if _ALLOWED.fullmatch(name) and not _SECRET.search(name)}


def kernel_environment(
    environment: Mapping[str, str],
    *,
    target: Target,
    baseline: Target | None,
    run_id: str,
    suite: str,
    declared: Iterable[str] = (),
) -> dict[str, str]:
    """Return the whole environment of one suite's kernel.

    To what is ``allowed`` it adds the ``declared`` names, the names that the targets' secrets refer to, if they may be
    sent there, and what tells the probe of this run. The seed depends on run and suite alone, so that a run can be
    repeated.
    """
    sides = [target, baseline] if baseline is not None else [target]
    wanted = {names.ALLOWED, *declared, *(name for each in sides for name in _secret_names(each, environment))}
    told = {
        names.TARGET: _wire(target),
        names.RUN_ID: run_id,
        names.SUITE: suite,
        names.SEED: str(crc32(f"{run_id}/{suite}".encode())),
        names.DEPLOYED_MODEL_URL: real_address(target.address, environment=environment).rstrip("/"),
    }
    if baseline is not None:
        told[names.BASELINE] = _wire(baseline)
    return allowed(environment) | {name: environment[name] for name in wanted if name in environment} | told


def _secret_names(target: Target, environment: Mapping[str, str]) -> Iterator[str]:
    for use in uses_of(target.address, references_of(dict(target.auth))):
        if use.reference.startswith(_REFERENCE) and use.is_allowed(environment):
            yield use.reference.removeprefix(_REFERENCE)


def _wire(target: Target) -> str:
    return json.dumps(target.model_dump(mode="json"))


def secrets_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets a kernel knows, reference -> value: what its targets need, and what was declared for it."""
    named = {name: value for name, value in environment.items() if _SECRET.search(name) and not name.startswith(_OURS)}
    learn({f"{_REFERENCE}{name}": value.strip() for name, value in named.items()})
    return known()


def tell_earlier(continues: Continuation | None, *, suite: str, folder: Path) -> dict[str, str]:
    """Write what was asked of a suite before into a folder that goes with the worker; return the variable naming it.

    Nothing where nothing is continued, or where the suite evaluated nothing: it runs as it always does.
    """
    asked = continues.asked.get(suite, ()) if continues is not None else ()
    if continues is None or not asked:
        return {}
    told = continues.model_copy(update={"asked": {suite: asked}})
    path = folder / f"asked-{len(list(folder.glob('asked-*')))}.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w", encoding="utf-8") as file:
        file.write(told.model_dump_json())
    return {CONTINUES: str(path)}
