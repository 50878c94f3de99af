"""Stage 5: compare candidate and baseline. Evidence in, Comparison out: deltas, estimates with intervals, what changed.

Pure. ``comparing.compare`` is its story, ``continued`` pools the runs that one continues, ``planning`` says what n
samples can settle, ``self_test`` has what the gate tests itself on. What compares imports numpy, what plans does not.
"""
