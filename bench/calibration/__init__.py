"""Discriminators trained on pairs of known distributions, against the true divergences."""
