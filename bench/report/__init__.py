"""Tables and figures of a study as one self-contained page. Nothing here imports torch."""
