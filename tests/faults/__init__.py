"""Campaigns: many trials of one kind of fault against the real parts, from a seed, counting what survived."""
