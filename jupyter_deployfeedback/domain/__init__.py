"""The nouns: frozen values that every stage passes on. No I/O, no clock, no environment."""
