"""The agents' console: pages that work without JavaScript."""
