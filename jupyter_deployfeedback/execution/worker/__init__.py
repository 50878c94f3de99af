"""The worker: the process that runs suites, what is said to it and by it, and how it is stopped."""
