"""Fitting a calibrated logistic regression to examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn import __version__ as library_version
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import TimeSeriesSplit
from threadpoolctl import threadpool_limits

from batchhook.core.prediction.examples import Examples
from batchhook.core.prediction.model import LinearModel

LIBRARY = f"scikit-learn {library_version}"
"""Stored with the models that it fitted."""
STRENGTHS = (0.1, 0.01, 0.001)
"""Inverse strengths of the regularization to choose from: few examples are positive, and those of one change alike."""
FOLDS = 4
"""Parts of the history; each but the first is predicted by those before it, to calibrate the probabilities."""
MIN_CALIBRATED = 10
"""Positive examples among those predictions, from which on they calibrate."""
_EPSILON = 1e-6


def fit(examples: Examples) -> LinearModel:
    """Fit a model to examples, oldest first, and calibrate it on predictions of later ones by earlier ones.

    Args:
        examples: at least one of each label.
    """
    rows = np.asarray(examples.rows, dtype=float)
    labels = np.asarray(examples.labels, dtype=bool)
    weights = np.asarray(examples.weights, dtype=float)
    with threadpool_limits(1):  # matrices this small are slower in several threads, and the user's cores are theirs
        later = [_predict_later(rows, labels, weights, strength) for strength in STRENGTHS]
        best = max(range(len(STRENGTHS)), key=lambda number: later[number].precision)
        model = _fit_plain(rows, labels, weights, STRENGTHS[best])
        slope, offset = _calibrate(later[best])
    return LinearModel(model.means, model.scales, model.weights, model.bias, slope, offset)


@dataclass(frozen=True, slots=True)
class _LaterPredictions:
    """Log-odds of later examples by models of earlier ones, with their labels and weights; empty if there are none."""

    odds: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    @property
    def precision(self) -> float:
        """Return the area under the precision-recall curve."""
        if not self.labels.any():
            return 0.0
        return float(average_precision_score(self.labels, self.odds, sample_weight=self.weights))


def _fit_plain(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, strength: float) -> LinearModel:
    means = np.average(rows, axis=0, weights=weights)
    scales = np.sqrt(np.average((rows - means) ** 2, axis=0, weights=weights))
    scales[scales < _EPSILON] = 1.0
    regression = LogisticRegression(C=strength, max_iter=500)
    regression.fit((rows - means) / scales, labels, sample_weight=weights)
    return LinearModel(
        tuple(map(float, means)),
        tuple(map(float, scales)),
        tuple(map(float, regression.coef_[0])),
        float(regression.intercept_[0]),
    )


def _predict_later(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, strength: float) -> _LaterPredictions:
    odds: list[np.ndarray] = [np.zeros(0)]
    places: list[np.ndarray] = [np.zeros(0, dtype=int)]
    for earlier, later in TimeSeriesSplit(FOLDS).split(rows) if len(rows) > FOLDS else ():
        if labels[earlier].any() and not labels[earlier].all():
            model = _fit_plain(rows[earlier], labels[earlier], weights[earlier], strength)
            standardized = (rows[later] - np.array(model.means)) / np.array(model.scales)
            odds.append(standardized @ np.array(model.weights) + model.bias)
            places.append(later)
    place = np.concatenate(places)
    return _LaterPredictions(np.concatenate(odds), labels[place], weights[place])


def _calibrate(later: _LaterPredictions) -> tuple[float, float]:
    """Return slope and offset of the log-odds (Platt scaling); none if too few of the later examples are positive."""
    if later.labels.sum() < MIN_CALIBRATED or later.labels.all():
        return 1.0, 0.0
    platt = LogisticRegression(C=1.0, max_iter=500)
    platt.fit(later.odds[:, None], later.labels, sample_weight=later.weights)
    slope = float(platt.coef_[0][0])
    return (slope, float(platt.intercept_[0])) if slope > _EPSILON else (1.0, 0.0)
