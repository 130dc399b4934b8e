"""What a server says on standard output once it serves."""

from importlib.metadata import version

import click

from mien.cli.options import where
from mien.cli.printing import address, curl_batch, curl_profile, data_words
from mien.config import Settings, unknown_variables
from mien.services.accounts import list_accounts
from mien.services.members import has_members
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
    live = next(each.public_id for each in accounts[0][1] if each.kind == "live")
    return f"{_sign_in(settings, store, live)}\n\n" + (
        "Send a profile to the test environment and read it back (curl asks for the passcode):\n\n"
        f"  {curl_batch(settings, test)}\n\n"
        f"  {curl_profile(settings, test)}"
    )


def _sign_in(settings: Settings, store: Store, account_id: str) -> str:
    if has_members(store):
        return f"Dashboard: {address(settings, reachable=True)}"
    return (
        "Nobody can sign in to the dashboard yet. Add yourself in another terminal:\n\n"
        f"  mien member add {account_id} you@example.com --role admin{data_words(settings)}"
    )
