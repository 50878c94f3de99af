"""``trust``: which secrets this user lets projects send where."""

import click


@click.group("trust")
def trust_command() -> None:
    """Say which secrets may be sent where: NAME=ORIGIN, such as env:MODEL_TOKEN=https://model.example."""


@trust_command.command("list")
def list_command() -> None:
    """List what is allowed; `check` says what a project asks for."""
    from jupyter_deployfeedback.pipeline.trust import kept

    for project, uses in sorted(kept().items()):
        for use in uses:
            click.echo(f"{use}" + (f"  ({project} only)" if project else ""))


@trust_command.command("allow")
@click.argument("secrets", metavar="NAME=ORIGIN...", nargs=-1, required=True)
def allow_command(*, secrets: tuple[str, ...]) -> None:
    """Let every project send these secrets there, from now on. * as NAME stands for any secret."""
    from jupyter_deployfeedback.pipeline.trust import allow_always

    allow_always(secrets)


@trust_command.command("revoke")
@click.argument("secrets", metavar="NAME=ORIGIN...", nargs=-1, required=True)
def revoke_command(*, secrets: tuple[str, ...]) -> None:
    """Take back what was allowed, as `list` writes it."""
    from jupyter_deployfeedback.pipeline.trust import revoke

    revoke(secrets)
