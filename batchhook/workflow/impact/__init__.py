"""The tests that changes can affect: the map of the code that each test runs, and its uses."""
