"""Reports: written at the end of each batch, and exported."""
