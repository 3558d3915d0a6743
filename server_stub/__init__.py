"""Deskbell's own server: the API that clients report to, and the first pages of the agents' console.

It imports nothing but itself and `assets`.
"""
