"""Context of every use case: the opened repository, its settings, its revisions."""
