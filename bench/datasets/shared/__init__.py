"""What several sources share; no source itself."""
