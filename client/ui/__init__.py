"""The windows and the icon: thin views over `client.core`. The only package that imports PySide6."""
