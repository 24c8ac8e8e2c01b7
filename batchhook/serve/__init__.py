"""The pages in a browser, live (the extra ``serve``)."""
