"""What pages, API and commands read across tables. Nothing here writes."""
