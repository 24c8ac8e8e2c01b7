"""The tests of parcel: ``python -m unittest`` at the top of the project runs them all."""
