"""Which commits fill the open batch."""
