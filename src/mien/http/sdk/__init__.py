"""What browsers call: no passcode opens these endpoints, only the account id that every page shows."""
