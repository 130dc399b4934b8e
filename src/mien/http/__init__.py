"""What programs call: the compatible API, our own, and what operators watch."""
