"""The `mien` command: wires all of it; the only module that may import everything."""

from mien.cli.commands import cli
from mien.serving import serve_command

cli.add_command(serve_command)


def main() -> None:
    """Run the `mien` command."""
    cli()


if __name__ == "__main__":
    main()
