"""What proves that the comparison can tell: samples made up, and examples whose score is known."""
