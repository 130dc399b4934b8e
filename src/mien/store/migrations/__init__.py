"""The history of the tables; a migration imports no code of ours."""
