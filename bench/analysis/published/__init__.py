"""Numbers that papers have published, a file a source, and ours beside them."""
