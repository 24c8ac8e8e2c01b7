"""What the files hold that are written about batches: their names, their shapes (pydantic models), their texts.

Nothing here writes: each module makes text of what it is given. The shapes of the JSON files are those of the document
that batchhook grew from, with more keys; ``batchhook schema`` publishes them.
"""
