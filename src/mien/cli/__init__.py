"""The `mien` command: prints, no logic."""
