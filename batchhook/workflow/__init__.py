"""The use cases: everything that batchhook does for its user, put together from the layers below."""
