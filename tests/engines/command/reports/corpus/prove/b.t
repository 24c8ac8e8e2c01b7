1..0 # SKIP needs a database
