"""A notebook as plain data: what its file says, mended in memory wherever it could be executed all the same."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from jupyter_deployfeedback.errors import NotebookInvalid

JUPYTEXT = {".py": "py", ".md": "md"}
"""What jupytext reads as a notebook, and what it calls that."""
NOT_FINITE = "$float"  # JSON has no infinity and no NaN: {"$float": "inf"}
MENDED_AT_MOST = 5  # that a notice names one by one
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]+")
_KEYS = {"cells", "metadata", "nbformat", "nbformat_minor"}
_CELL_KEYS = {"cell_type", "id", "metadata", "source"}
_PROSE_KEYS = _CELL_KEYS | {"attachments"}
_KEYS_OF_TYPE = {"code": _CELL_KEYS | {"outputs", "execution_count"}, "markdown": _PROSE_KEYS, "raw": _PROSE_KEYS}


def parse_notebook(content: bytes, *, shown: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a notebook of format 4 without outputs, and a notice of what was mended in it; the file stays as it is.

    Cells without an id, and those whose id is taken or not allowed, get one from it or their position: the same in
    every run. ``shown`` is its path in messages. Raises NotebookInvalid.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotebookInvalid(f"{shown} is not text in UTF-8.", remedy="Save it as UTF-8.") from None
    form = JUPYTEXT.get(PurePosixPath(shown).suffix)
    notebook = _read_json(text, shown) if form is None else _read_text(text, form, shown)
    mended = ["a byte order mark"] * content.startswith(b"\xef\xbb\xbf") + list(_mend(notebook))
    if not mended:
        return notebook, ()
    told = "; ".join(mended[:MENDED_AT_MOST]) + " and more" * (len(mended) > MENDED_AT_MOST)
    return notebook, (f"{shown} is mended in memory: {told}. Saving it in JupyterLab mends the file.",)


def source_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's source as one text; in the file it may be a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def part(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a mapping in a notebook's metadata; an empty one where there is none, or something else."""
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def spell_out(value: object) -> object:
    """Return a parameter as JSON can say it: its readers need not know NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return {NOT_FINITE: str(value)}
    return inside(value, spell_out)


def inside(value: object, change: Callable[[object], object]) -> object:
    """Return a value with all that a list or a mapping holds changed."""
    if isinstance(value, dict):
        return {key: change(each) for key, each in value.items()}
    return [change(each) for each in value] if isinstance(value, list | tuple) else value


def _read_json(text: str, shown: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        remedy = "It may have been cut off or hold merge markers: restore it from version control."
        raise NotebookInvalid(f"{shown} is not JSON.", remedy=remedy) from None
    if not isinstance(notebook, dict):
        raise NotebookInvalid(f"{shown} is JSON but not a notebook.", remedy="Restore it from version control.")
    if notebook.get("nbformat") != 4 or isinstance(notebook["nbformat"], float):
        what = f"{shown} is a notebook of format {notebook.get('nbformat', 'unknown')}, and only format 4 can be run."
        remedy = f"Convert it: jupyter nbconvert --to notebook --nbformat 4 --inplace {shown}"
        raise NotebookInvalid(what, remedy=remedy)
    return notebook


def _read_text(text: str, form: str, shown: str) -> dict[str, Any]:
    """Have jupytext read a script or a page, which executes nothing; the ids that it makes up are dropped.

    Of its header only the kernel is kept: aliases make a small one arbitrarily large.
    """
    try:
        import jupytext
        import yaml
    except ImportError:
        problem = f"{shown} can be a suite only where jupytext is installed."
        raise NotebookInvalid(problem, remedy="Install it: pip install jupytext") from None
    try:
        read = jupytext.reads(text, fmt=form)
        kernel = {key: value for key, value in part(read.metadata, "kernelspec").items() if isinstance(value, str)}
        read.metadata = {"kernelspec": kernel} if kernel else {}
        notebook: dict[str, Any] = json.loads(json.dumps(read))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, yaml.YAMLError) as error:
        problem = f"jupytext cannot read {shown}: {' '.join(str(error).split())}."
        raise NotebookInvalid(problem, remedy="Mend its header and its cell markers.") from None
    for cell in notebook["cells"]:
        cell.pop("id", None)
    return notebook


def _mend(notebook: dict[str, Any]) -> Iterator[str]:
    """Mend what nobody needs to execute it, and yield what that was; what cannot be a cell is left as it is."""
    yield from _drop_strangers(notebook, _KEYS, "of the notebook")
    notebook.setdefault("metadata", {})
    cells, minor = notebook.get("cells"), notebook.get("nbformat_minor")
    if not isinstance(cells, list) or not isinstance(minor, int) or minor < 0:
        return
    notebook["nbformat_minor"] = max(minor, 5)  # the first format whose cells have ids
    taken: set[str] = set()
    for place, cell in enumerate(cells, start=1):
        if isinstance(cell, dict) and cell.get("cell_type") in _KEYS_OF_TYPE:
            yield from _mend_cell(cell, place, taken)


def _mend_cell(cell: dict[str, Any], place: int, taken: set[str]) -> Iterator[str]:
    where = f"of cell {place}"
    yield from _drop_strangers(cell, _KEYS_OF_TYPE[cell["cell_type"]], where)
    metadata = cell.setdefault("metadata", {})
    if cell["cell_type"] == "code":
        if not isinstance(cell.get("outputs"), list):
            yield f"no outputs {where}"
        cell |= {"outputs": [], "execution_count": None}  # of an earlier run: nothing is read from them
    if isinstance(metadata, dict) and "tags" in metadata:
        tags = metadata["tags"] if isinstance(metadata["tags"], list) else []
        metadata["tags"] = list(dict.fromkeys(tag for tag in tags if isinstance(tag, str)))
    own = str(cell.get("id") or "")
    kept = _NOT_IN_IDS.sub("-", own)[:64]
    if kept != own:
        yield f"the id {own!r:.80} {where}"
    kept = kept if kept and kept not in taken else f"cell-{place}"
    while kept in taken:
        kept += "-"
    cell["id"] = kept
    taken.add(kept)


def _drop_strangers(holder: dict[str, Any], known: set[str], where: str) -> Iterator[str]:
    for key in [key for key in holder if key not in known]:
        del holder[key]
        yield f"the unknown key {key!r:.80} {where}"
