"""The pipeline that takes a batch from sealed to finished."""
