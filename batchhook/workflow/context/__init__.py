"""What every use case works on: the opened repository, its configuration, its revisions."""
