"""Mean and 95 % interval of Student's t, by scipy.

python3 make_interval.py > interval.json
"""
import json
import numpy as np
from scipy import stats

cases = []
for count in (2, 3, 4, 5, 10, 31, 120):
    samples = [round(float(x), 6) for x in np.random.default_rng(count).normal(70, 3, count)]
    low, high = stats.t.interval(0.95, count - 1, np.mean(samples), stats.sem(samples))
    cases.append({"samples": samples, "mean": float(np.mean(samples)), "lower": float(low), "upper": float(high)})
print(json.dumps(cases))
