"""What runs inside containers, on its own."""
