"""The `mien` command: wires all of it; the only module that may import everything."""

from pathlib import Path

import click

from mien.cli.commands import cli
from mien.cli.options import ServeCommand, check_port, data_option, settings_with

__all__ = ["cli", "main"]


@cli.command("serve", cls=ServeCommand)
@data_option
@click.option("--host", help="The address to listen on [default: MIEN_HOST, else 127.0.0.1].")
@click.option("--port", type=int, help="The port to listen on [default: MIEN_PORT, else 8080].")
def serve_command(*, data: Path | None, host: str | None, port: int | None) -> None:
    """Serve until stopped with Ctrl+C or SIGTERM; what was accepted is finished first."""
    # Imported here: the other commands start in half the time without a server's libraries.
    from mien.serving import AddressRefusedError, ServerEndedError, serve

    settings = settings_with(data, host=host, port=port)
    check_port(settings)
    try:
        serve(settings)
    except (AddressRefusedError, ServerEndedError) as error:
        raise click.ClickException(str(error)) from error


@cli.command("worker")
@data_option
def worker_command(*, data: Path | None) -> None:
    """Do what servers do beside serving: copy for counting, housekeeping. Needs PostgreSQL and ClickHouse."""
    from mien.working import work

    work(settings_with(data))


def main() -> None:
    """Run the `mien` command."""
    cli()


if __name__ == "__main__":
    main()
