"""Fitting the models of ``core/prediction``, with scikit-learn: the extra ``batchhook[predict]``."""
