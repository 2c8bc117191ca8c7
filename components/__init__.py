"""What runs: descriptions of services, and the port of the platforms that run them."""
