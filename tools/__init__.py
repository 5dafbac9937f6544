"""What builds and checks the book; no reader imports it."""
