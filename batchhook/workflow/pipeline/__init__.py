"""A batch's way from sealed to finished."""
