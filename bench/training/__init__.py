"""The cohort engine: one loop trains the runs of a cell together as one batched model."""
