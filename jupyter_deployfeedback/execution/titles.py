"""What a case is called. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_deployfeedback.execution.worker.wire import Cell

LONGEST = 80


def titles(cells: Sequence[Cell]) -> dict[str, str]:
    """Name each cell by its own title or, where it is code, its first comment, the heading above it, its first line."""
    named = {}
    above: Cell | None = None
    for cell in cells:
        if cell.title:
            named[cell.cell_id] = _shorten(cell.title)
        elif cell.cell_type == "code" and cell.source.strip():
            named[cell.cell_id] = _shorten(_title(cell, above))
        above = cell
    return named


def _title(cell: Cell, above: Cell | None) -> str:
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    comment = lines[0].lstrip("#").strip() if lines[0].startswith("#") else ""
    return comment or _heading(above) or next((line for line in lines if line[0] not in "%#"), lines[0])


def _heading(cell: Cell | None) -> str:
    """Return the last heading of a markdown cell."""
    if cell is None or cell.cell_type != "markdown":
        return ""
    headings = [line.strip().lstrip("#").strip() for line in cell.source.splitlines() if line.strip().startswith("#")]
    return headings[-1] if headings else ""


def _shorten(title: str) -> str:
    return title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + "…"
