"""Writes the golden numbers of evaluation: digits.bin, logistic.json, neighbours.json and statistics.json.

    python Tests/Golden/evaluation/make.py       (scikit-learn 1.9, scipy 1.17, mpmath 1.3, lightly 1.6, torch 2.13; ten seconds)

digits.bin is scikit-learn's copy of the UCI hand-written digits (1797 rows of 8 x 8 grey values 0..16): all rows of 64 bytes, then
1797 bytes of labels. The first 1400 rows are for training, the rest for testing.
"""
import json
import pathlib
import warnings

import mpmath
import numpy as np
import torch
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore", module="lightly")
from lightly.utils.benchmarking import knn_predict

here = pathlib.Path(__file__).parent
TRAIN = 1400


def write(name, value):
    (here / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


x, y = load_digits(return_X_y=True)
(here / "digits.bin").write_bytes(x.astype("u1").tobytes() + y.astype("u1").tobytes())
scaler = StandardScaler().fit(x[:TRAIN])
z = scaler.transform(x)


def fit(rows, labels, constant):
    return LogisticRegression(C=constant, solver="lbfgs", tol=1e-9, max_iter=100_000).fit(rows, labels)


def rounded(values, digits=7):
    return [float(f"{v:.{digits}g}") for v in np.asarray(values).ravel()]


fits = []
for constant in (1e-4, 1e-2, 1e-1, 1.0, 10.0):
    model = fit(z[:TRAIN], y[:TRAIN], constant)
    prediction = model.predict(z[TRAIN:])
    fits.append({"C": constant, "weights": rounded(model.coef_), "intercepts": rounded(model.intercept_), "predictions": prediction.tolist(),
                 "iterations": int(model.n_iter_[0]), "balanced": float(balanced_accuracy_score(y[TRAIN:], prediction)),
                 "confusion": confusion_matrix(y[TRAIN:], prediction).ravel().tolist()})
# Two classes: scikit-learn fits one row of weights, the binomial form.
pair = np.flatnonzero((y[:TRAIN] == 3) | (y[:TRAIN] == 8))
pair_scaler = StandardScaler().fit(x[pair])
binomial = fit(pair_scaler.transform(x[pair]), y[pair], 0.2)
plain = fit(x[:TRAIN], y[:TRAIN], 1e-2)
write("logistic.json", {
    "fits": fits, "mean": rounded(scaler.mean_, 12), "deviation": rounded(scaler.scale_, 12),
    "binomial": {"C": 0.2, "weights": rounded(binomial.coef_), "intercept": float(binomial.intercept_[0])},
    "unscaled": {"C": 1e-2, "weights": rounded(plain.coef_), "intercepts": rounded(plain.intercept_)}})

unit = torch.nn.functional.normalize(torch.tensor(x, dtype=torch.float64), dim=1)
neighbours = []
for k, temperature in ((1, 0.07), (5, 0.5), (20, 0.07), (20, 0.02), (200, 0.1), (200, 1.0)):
    ranked = knn_predict(unit[TRAIN:], unit[:TRAIN].T.contiguous(), torch.tensor(y[:TRAIN]), num_classes=10, knn_k=k, knn_t=temperature)
    neighbours.append({"k": k, "T": temperature, "predictions": ranked[:, 0].tolist()})
write("neighbours.json", neighbours)

rng = np.random.default_rng(7)
probabilities = [1e-9, 1e-4, 0.01, 0.025, 0.2, 0.4999, 0.6, 0.9, 0.95, 0.975, 0.995, 0.9999, 1 - 1e-9]
freedoms = [0.5, 1, 1.5, 2, 3, 4, 5, 9, 10, 29, 100, 1000, 1e5]
points = [0.0, 1e-6, 0.3, 1.0, 2.0, 4.5, 30.0, -0.7, -8.0]
means, pairs, wilsons = [], [], []
mpmath.mp.dps = 40


def cumulative(t, freedom):
    """Student's cumulative probability in 40 digits; scipy's is off by up to 1e-11 near zero."""
    t, n = mpmath.mpf(t), mpmath.mpf(freedom)
    central = mpmath.betainc(0.5, n / 2, 0, t * t / (n + t * t), regularized=True) / 2
    return 0.5 + central if t > 0 else 0.5 - central


for n in (2, 3, 5, 10, 40):
    for level in (0.9, 0.95, 0.99):
        a = rng.normal(0.7, 0.03, n).round(6)
        b = (a - rng.normal(0.02, 0.02, n)).round(6)
        low, high = stats.t.interval(level, n - 1, a.mean(), stats.sem(a))
        means.append({"values": a.tolist(), "level": level, "lower": low, "upper": high})
        test = stats.ttest_rel(a, b)
        interval = test.confidence_interval(level)
        pairs.append({"first": a.tolist(), "second": b.tolist(), "level": level, "lower": interval.low, "upper": interval.high, "probability": test.pvalue})
for correct, count in ((0, 10), (1, 1), (3, 10), (10, 10), (871, 1000), (9999, 10000), (12345, 50000)):
    for level in (0.8, 0.95, 0.999):
        interval = stats.binomtest(correct, count).proportion_ci(level, method="wilson")
        wilsons.append({"correct": correct, "count": count, "level": level, "lower": interval.low, "upper": interval.high})
write("statistics.json", {
    "quantiles": [{"freedom": f, "probability": p, "t": float(stats.t.ppf(p, f))} for f in freedoms for p in probabilities],
    "cumulative": [{"freedom": f, "t": t, "probability": float(cumulative(t, f))} for f in freedoms for t in points],
    "normal": [{"probability": p, "z": float(stats.norm.ppf(p))} for p in probabilities],
    "means": means, "pairs": pairs, "wilsons": wilsons})
for path in sorted(here.iterdir()):
    print(path.name, path.stat().st_size)
