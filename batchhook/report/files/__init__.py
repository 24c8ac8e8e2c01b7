"""The content of the files about batches: their names, JSON models and texts.

Nothing here writes files. The JSON files have the shape of ``origin.md``, with more keys; ``batchhook schema`` prints
their schemas.
"""
