"""Our own API, `/v1`: it says what each record changed, and shows what is known and since when."""
