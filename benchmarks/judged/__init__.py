"""What benchmarks/judging.py measures, by what it is about."""
