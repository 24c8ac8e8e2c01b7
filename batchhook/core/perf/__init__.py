"""Slowdowns: which tests are to be measured again, what measurements say, and which change is to blame."""
