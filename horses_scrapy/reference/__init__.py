"""Reference data: tracks, bookmakers and what pools keep, in versioned files."""
