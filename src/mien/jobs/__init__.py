"""What the server does by itself, without being asked."""
