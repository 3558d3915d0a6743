"""One module per campaign, each with a CAMPAIGN."""
