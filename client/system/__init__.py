"""One module per service of the operating system: facts, identity, secrets, the single instance, the front window."""
