"""What a server says on standard output once it serves."""

from importlib.metadata import version

import click

from mien.cli.options import where
from mien.cli.printing import address, curl_batch, curl_profile, data_words
from mien.config import Settings, unknown_variables
from mien.services.accounts import list_accounts
from mien.store.engine import Store


def tell_serving(settings: Settings, store: Store) -> None:
    """Say where the server listens, where its data is, and what to try next; no secrets."""
    engine = "SQLite" if store.is_sqlite else "PostgreSQL"
    for name in unknown_variables():
        click.echo(f"{name} is not a setting of this version, and does nothing.", err=True)
    click.echo(
        f"Mien {version('mien')} serves at {address(settings)}\n"
        f"Data: {where(settings)} ({engine})\n\n"
        f"{_next(settings, store)}\n\n"
        f"API: {address(settings, reachable=True)}/docs\n"
        "Stop with Ctrl+C."
    )


def _next(settings: Settings, store: Store) -> str:
    accounts = list_accounts(store)
    if not accounts:
        return (
            "There is no account yet. Make one in another terminal:\n\n"
            f"  mien account create --name 'My company'{data_words(settings)}"
        )
    test = next(each.public_id for each in accounts[0][1] if each.kind == "test")
    return (
        "Send a profile to the test environment and read it back (curl asks for the passcode):\n\n"
        f"  {curl_batch(settings, test)}\n\n"
        f"  {curl_profile(settings, test)}"
    )
