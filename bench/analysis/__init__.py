"""Statistics of a study: tidy rows in, tidy tables out. Nothing here imports torch."""
