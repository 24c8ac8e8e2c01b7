"""The pages: of the server, of a static site, and of a report in one file. There is one template for each."""
