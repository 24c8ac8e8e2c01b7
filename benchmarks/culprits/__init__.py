"""Is what the search for culprits says right, and what does it cost?"""
