"""The part of Deskbell that never loses a report: pure Python, no windows, no operating-system services."""
