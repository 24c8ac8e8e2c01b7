"""Code of others that is told of what happens: which there is (`installed`), what (`specs`), its process (`host`)."""
