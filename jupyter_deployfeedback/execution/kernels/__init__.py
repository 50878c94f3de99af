"""Kernels: how one is started, or taken from those that stand by, and talked to."""
