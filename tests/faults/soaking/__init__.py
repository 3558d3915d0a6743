"""A long run: the real tray program, cores beside it and two servers, while a nemesis is at work."""
