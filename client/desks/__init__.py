"""Adapters: one help desk a module. They map words and shapes, and do nothing else."""
