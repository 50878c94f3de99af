"""``waive``: answer for a finding by name, so that the gate opens although the verdict stays."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from jupyter_deployfeedback.cli import options


@click.command("waive")
@click.argument("run_id")
@click.option("--finding", "findings", multiple=True, required=True, help="Its name as `show` writes it; repeatable.")
@click.option("--by", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why it may pass.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day (UTC) it counts.")
def waive_command(*, run_id: str, findings: tuple[str, ...], by: str, reason: str, until: datetime) -> None:
    """Waive findings of RUN_ID that failed or are inconclusive. The verdict stays; an error cannot be waived."""
    from jupyter_deployfeedback import pipeline

    store, now = options.store(), datetime.now(UTC)
    for finding in findings:
        waiver = pipeline.waive(run_id, finding=finding, by=by, reason=reason, until=until.date(), store=store, now=now)
        click.echo(f"Waived {waiver.finding} until {waiver.until}.")
    report = store.feedback(run_id)
    click.echo(f"The verdict stays {report.verdict}; the gate is {report.gate}.")
