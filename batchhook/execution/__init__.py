"""Running a project's unittest suite with the project's own Python, and believing nothing that is not validated."""
