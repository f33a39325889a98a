"""Counts of people: synthetic ones as the paper's look, the published ones, and the windows that a forecaster learns from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gradproof.theory.errors import DataUnavailable

Array = Any
#: size of the regions: one commune and five of its districts
BASE = np.array([100_000, 10_000, 12_000, 9_000, 3_000, 9_000]) / 2
TIMES, LAGS, TEST = 3456, 6, 336
DAY, WEEK = 48, 336  # half hours
FILE = "mobility_counts.csv"


@cache
def synthetic(shock: float = 0.05) -> np.ndarray:
    """Counts (3456, 6): a daily and a weekly wave, and noise with memory (phi = 0.9), ``shock`` of the region's size a step.

    With 0.05 a forecast errs by a few per cent of the counts, as on the published ones.
    """
    rng, t = np.random.default_rng(20220500436), np.arange(TIMES)[:, None]
    waves = 1.2 + np.sin(2 * np.pi * t / DAY + np.arange(1, 7)) + 0.3 * np.sin(2 * np.pi * t / WEEK)
    noise, shocks = np.zeros((TIMES, 6)), shock * rng.standard_normal((TIMES, 6))
    for k in range(1, TIMES):
        noise[k] = 0.9 * noise[k - 1] + shocks[k]
    return np.maximum(np.rint(BASE * (waves + noise)), 0)


@cache
def published() -> np.ndarray:
    """The counts (3456, 6) that the authors published: $GRADPROOF_DATA/mobility/mobility_counts.csv, or beside that folder.

    Raises:
        DataUnavailable: the file is not there, or holds something else.
    """
    folder = Path(os.environ.get("GRADPROOF_DATA", ".")).expanduser()
    places = (folder / FILE, folder / "mobility" / FILE, folder.parent / "mobility" / FILE)
    path = next((p for p in places if p.is_file()), None)
    if path is None:
        raise DataUnavailable(
            f"there is no {FILE} in $GRADPROOF_DATA; it is ML_final_df_real.csv of the authors' repository"
        )
    table = np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(2, 8))
    if table.shape != (TIMES, 6) or not np.isfinite(table).all():
        raise DataUnavailable(f"{path} does not hold {TIMES} rows of six counts")
    return table


@dataclass(frozen=True)
class Windows:
    """Training and test windows: lags (n, 6, regions), calendar (n, 4), targets (n, regions), in units of the training data."""

    lags: np.ndarray
    calendar: np.ndarray
    targets: np.ndarray
    test_lags: np.ndarray
    test_calendar: np.ndarray
    truth: np.ndarray  # of the test week, in people
    mean: np.ndarray
    scale: np.ndarray

    def people(self, forecast: np.ndarray) -> np.ndarray:
        """A forecast in people; what is negative is 0."""
        return np.maximum(forecast * self.scale + self.mean, 0)

    def rmse(self, forecast: np.ndarray) -> float:
        """Root mean squared error in people, the mean over the regions."""
        return float(np.sqrt(((self.people(forecast) - self.truth) ** 2).mean(0)).mean())


def perturbed(counts: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Counts with rounded Gaussian noise, as released: nothing is clipped before the forecast."""
    return counts + np.rint(sigma * rng.standard_normal(counts.shape))


def windows(counts: np.ndarray, truth: np.ndarray) -> Windows:
    """Windows of six lags; what is learned from, and the inputs of the test, are ``counts``, the test's targets are ``truth``."""
    mean, scale = counts[:-TEST].mean(0), counts[:-TEST].std(0)
    unit = (counts - mean) / scale
    t = np.arange(LAGS, TIMES)
    lags = np.stack([unit[t - k] for k in range(LAGS, 0, -1)], axis=1)
    angle = 2 * np.pi * np.stack([t / DAY, t / WEEK], axis=1)
    calendar = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    return Windows(
        lags[:-TEST], calendar[:-TEST], unit[LAGS:-TEST], lags[-TEST:], calendar[-TEST:], truth[-TEST:], mean, scale
    )


def design(lags: np.ndarray, calendar: np.ndarray) -> np.ndarray:
    """What a linear forecaster sees: all lags of all regions, the calendar, and 1; (n, 41)."""
    return np.concatenate([lags.reshape(len(lags), -1), calendar, np.ones((len(lags), 1))], axis=1)


def ridge_rmse(counts: np.ndarray, truth: np.ndarray, weight: float = 1e-3) -> float:
    """Test error of ridge regression on the windows of ``counts``."""
    w = windows(counts, truth)
    Z = design(w.lags, w.calendar)
    found = np.linalg.solve(Z.T @ Z + weight * np.eye(Z.shape[1]), Z.T @ w.targets)
    return w.rmse(design(w.test_lags, w.test_calendar) @ found)
