"""The tests that a change can affect, by the code that each test runs. Pure."""
