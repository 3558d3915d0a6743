"""What becomes of reports: the tickets as the desk tells them, cached, listed, and told of in time."""
