"""Single faults and bad inputs, each tried for real: the rows of docs/reliability.md that no other test had."""
