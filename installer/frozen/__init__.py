"""What `build.spec` needs to freeze the client."""
