"""The report as one HTML page that needs nothing else: no script, no request, plots as static SVG."""

import hashlib
from base64 import b64encode
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.verdict import Standing
from jupyter_deployfeedback.feedback import outline
from jupyter_deployfeedback.feedback.charts import Chart, draw_charts
from jupyter_deployfeedback.feedback.escaping import block, one_line, visible
from jupyter_deployfeedback.feedback.quantities import unbroken

_PACKAGE = "jupyter_deployfeedback.feedback"
_VEGA_LITE = "5.8"  # JupyterLab ships 5.6; the oldest that the converter knows keeps both renderings alike
_CHART_WIDTH = 408
_MOST_EXAMPLES = 50


def render_html(report: FeedbackReport) -> str:
    """Return a self-contained page; its policy forbids scripts, requests and any style but its own."""
    candidate, baseline = outline.sides(report)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            style=Markup(_style()),  # noqa: S704 - this package's own style sheet
            policy=_policy(),
            title=outline.title(report),
            candidate=candidate,
            baseline=baseline,
            plots=_plots(report),
            tables=[(outline.FAMILY_TITLES[family], outline.family_rows(report, family)) for family in Family],
            counted=[finding for finding in report.findings if finding.standing is Standing.COUNTED],
            uncounted=[finding for finding in report.findings if finding.standing is not Standing.COUNTED],
            most_examples=_MOST_EXAMPLES,
        )
    )


def _plots(report: FeedbackReport) -> list[tuple[Chart, Markup | None]]:
    """Return each plot as SVG, or as None where the extra ``charts`` is not installed."""
    return [(chart, _svg(chart)) for chart in draw_charts(report, width=_CHART_WIDTH, ink="currentColor")]


def _svg(chart: Chart) -> Markup | None:
    try:
        import vl_convert
    except ModuleNotFoundError:
        return None
    return Markup(vl_convert.vegalite_to_svg(chart.spec, vl_version=_VEGA_LITE))  # noqa: S704 - Vega escapes all text


@cache
def _style() -> str:
    return files(_PACKAGE).joinpath("templates", "report.css").read_text(encoding="utf-8")


@cache
def _policy() -> str:
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(outline=outline, words=outline)
    environment.filters.update(one_line=one_line, block=block, unbroken=partial(unbroken, blank="\u00a0"))
    return environment


def _shown(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    """Make every text that the template prints visible; what is markup already is ours."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
