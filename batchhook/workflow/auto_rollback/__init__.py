"""Taking guilty changes out, once that is proven to help."""
