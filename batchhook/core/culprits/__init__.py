"""Which change broke which test: one search for all failing tests at once, asked and told, without doing anything."""
