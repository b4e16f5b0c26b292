"""Writes quality.json: Frechet distance, precision/recall/density/coverage, Vendi score, Holm's correction, trends and bootstrap intervals.

    python Tests/Golden/evaluation/make_quality.py       (scipy 1.17, prdc 0.2, vendi-score 0.0.3, statsmodels 0.14)
"""
import contextlib
import io
import json
import pathlib

import numpy as np
from prdc import compute_prdc
from scipy import linalg, stats
from statsmodels.stats.multitest import multipletests
from vendi_score import vendi

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def frechet(a, b):
    """As FID is published: scipy's matrix root of the product of the covariances."""
    root = linalg.sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root))


cases = []
for rows, others, width, shift in ((40, 30, 5, 0.3), (60, 60, 12, 0.0), (25, 40, 8, 1.5)):
    mix = rng.normal(size=(width, width)) / np.sqrt(width)
    a = np.round((rng.normal(size=(rows, width)) @ mix), 4).astype("f4")
    b = np.round((rng.normal(size=(others, width)) @ mix * 0.8 + shift), 4).astype("f4")
    with contextlib.redirect_stdout(io.StringIO()):
        measures = compute_prdc(real_features=a.astype("f8"), fake_features=b.astype("f8"), nearest_k=5)
    normal = b.astype("f8") / np.linalg.norm(b.astype("f8"), axis=1, keepdims=True)
    cases.append({"real": a.ravel().tolist(), "made": b.ravel().tolist(), "width": width, "frechet": frechet(a.astype("f8"), b.astype("f8")),
                  "measures": {k: float(v) for k, v in measures.items()}, "vendi": float(vendi.score_K(normal @ normal.T))})

probabilities = [0.01, 0.2, 0.004, 0.03, 0.04, 0.9, 0.004]
x = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
y = [0.31, 0.36, 0.42, 0.41, 0.5, 0.47]
line = stats.linregress(x, y)
half = stats.t.ppf(0.975, len(x) - 2) * line.stderr
sample = np.round(rng.gamma(2, size=40), 3)
interval = stats.bootstrap((sample,), np.mean, n_resamples=100_000, method="percentile", rng=np.random.default_rng(1)).confidence_interval
(here / "quality.json").write_text(json.dumps({
    "cases": cases, "probabilities": probabilities, "holm": multipletests(probabilities, method="holm")[1].tolist(),
    "trend": {"x": x, "y": y, "slope": line.slope, "intercept": line.intercept, "correlation": line.rvalue, "p": line.pvalue,
              "low": line.slope - half, "high": line.slope + half},
    "bootstrap": {"values": sample.tolist(), "low": float(interval.low), "high": float(interval.high)},
}, separators=(",", ":")) + "\n")
