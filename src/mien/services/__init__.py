"""What Mien does: one verb a function, one transaction each."""
