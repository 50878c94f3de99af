"""Sphinx configuration: plain markdown pages."""

from jupyter_deployfeedback import __version__

project = "jupyter_deployfeedback"
author = "the jupyter_deployfeedback developers"
copyright = "2026, the jupyter_deployfeedback developers"  # noqa: A001 - Sphinx's name
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = project
myst_heading_anchors = 4
exclude_patterns = ["_build"]
