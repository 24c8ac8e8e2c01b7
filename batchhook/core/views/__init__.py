"""Plain values that the pages show, loaded by ``workflow/views`` and rendered by ``report/site``."""
