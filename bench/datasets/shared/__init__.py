"""What several sources of images share; no source itself."""
