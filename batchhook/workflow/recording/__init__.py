"""Changes that are recorded before anybody commits them."""
