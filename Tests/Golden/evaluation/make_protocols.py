"""Writes protocols.json: numbers of the evaluation protocols from torch, scikit-learn, numpy and open_clip.

    python Tests/Golden/evaluation/make_protocols.py      (torch 2.13, scikit-learn 1.9, open_clip 3.3; some seconds)

Features are those of digits.bin, or sines that both sides compute.
"""
import json
import math
import pathlib

import numpy as np
import torch
from open_clip import build_zero_shot_classifier
from open_clip_train.train import get_clip_metrics
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import jaccard_score, precision_recall_curve
from sklearn.preprocessing import StandardScaler

here = pathlib.Path(__file__).parent
raw = np.frombuffer((here / "digits.bin").read_bytes(), "u1")
rows = len(raw) // 65
x, y = raw[:rows * 64].reshape(rows, 64).astype(np.float64), raw[rows * 64:].astype(int)
TRAIN = 1400


def rounded(values, digits=8):
    return [float(f"{v:.{digits}g}") for v in np.asarray(values, dtype=np.float64).ravel()]


def sines(count, step, phase):
    return np.sin(step * np.arange(count) + phase)


def sgd(normalizes):
    """Two linear classifiers trained as main_linear.py does, with given start weights and orders."""
    n, batch, epochs, results = 96, 32, 2, []
    features, labels = torch.tensor(x[:n], dtype=torch.float32), torch.tensor(y[:n])
    for place, rate in enumerate((0.1, 0.5)):
        linear = torch.nn.Linear(64, 10)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(0.01 * sines(1280, 0.37, 1).reshape(2, 10, 64)[place], dtype=torch.float32))
            linear.bias.zero_()
        norm = torch.nn.BatchNorm1d(64, affine=False, eps=1e-6) if normalizes else torch.nn.Identity()
        model = torch.nn.Sequential(norm, linear)
        optimizer = torch.optim.SGD(linear.parameters(), lr=1, momentum=0.9, weight_decay=0)
        steps = n // batch
        for epoch in range(epochs):
            order = [(7 * i + 5 * epoch) % n for i in range(n)]
            for step in range(steps):
                chosen = order[step * batch:(step + 1) * batch]
                for group in optimizer.param_groups:
                    group["lr"] = rate * batch / 256 * 0.5 * (1 + math.cos(math.pi * (epoch + step / steps) / epochs))
                loss = torch.nn.functional.cross_entropy(model(features[chosen]), labels[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        model.eval()
        with torch.no_grad():
            predictions = model(torch.tensor(x[TRAIN:], dtype=torch.float32)).argmax(1)
        results.append({"weights": rounded(linear.weight.detach().ravel()[::5]), "biases": rounded(linear.bias.detach()),
                        "predictions": predictions.tolist()})
    return results


def episodes():
    rng, found = np.random.default_rng(3), []
    for _ in range(6):
        support, queries = [], []
        for label in rng.permutation(10)[:5]:
            drawn = rng.permutation(np.flatnonzero(y == label))
            support += drawn[:5].tolist()
            queries += drawn[5:20].tolist()
        a, b, truth = x[support], x[queries], y[support]
        classes = np.unique(truth)

        def nearest(a, b):
            centroids = np.stack([a[truth == c].mean(0) for c in classes])
            return classes[np.linalg.norm(b[:, None] - centroids[None], axis=2).argmin(1)].tolist()

        mean = a.mean(0)
        unit = lambda v: (v - mean) / np.linalg.norm(v - mean, axis=1, keepdims=True)
        logistic = LogisticRegression(C=1.0, max_iter=10_000, tol=1e-8).fit(a, truth)
        found.append({"support": support, "queries": queries, "centroid": nearest(a, b), "centred_centroid": nearest(unit(a), unit(b)),
                      "logistic": logistic.predict(b).tolist()})
    return found


def ridge(shots, penalty):
    """big_vision's fewshot_lsr in numpy, solved directly."""
    chosen = np.sort(np.concatenate([np.flatnonzero(y[:TRAIN] == c)[:shots] for c in range(10)]))
    a, mark = x[chosen], 2.0 * np.eye(10)[y[chosen]] - 1
    mean, deviation = a.mean(0), a.std(0) + 1e-5
    prepare = lambda v: np.pad((v - mean) / deviation, ((0, 0), (0, 1)), constant_values=100.0)
    z = prepare(a)
    weights = np.linalg.solve(z.T @ z + penalty * np.eye(65), z.T @ mark)
    scores = prepare(x[TRAIN:]) @ weights
    return {"shots": shots, "penalty": penalty, "scores": rounded(scores[:10]), "predictions": scores.argmax(1).tolist()}


class Captions:
    """Stands for a CLIP model: 'captions' are numbers of rows."""

    def encode_text(self, tokens, normalize):
        rows = torch.tensor(sines(96, 0.61, 0.2).reshape(12, 8), dtype=torch.float32)[tokens]
        return torch.nn.functional.normalize(rows, dim=-1) if normalize else rows


def zero_shot():
    templates = [lambda name, place=place: 3 * name + place for place in range(3)]
    weights = build_zero_shot_classifier(Captions(), lambda texts: torch.tensor(texts), list(range(4)), templates, num_classes_per_batch=2)
    pictures = torch.tensor(sines(80, 0.83, 0.5).reshape(10, 8), dtype=torch.float32)
    return {"weights": rounded(weights.T), "predictions": (pictures @ weights).argmax(1).tolist()}


def retrieval():
    unit = lambda v: torch.nn.functional.normalize(torch.tensor(v, dtype=torch.float32), dim=1)
    first = sines(240, 0.71, 0.1).reshape(40, 6)
    metrics = get_clip_metrics(unit(first), unit(first + 0.5 * sines(240, 1.37, 0.4).reshape(40, 6)), torch.tensor(10.0))
    return {name: float(value) for name, value in metrics.items()}


def eleven_points():
    rng, cases = np.random.default_rng(5), []
    for n, ties in ((1, 1), (7, 3), (50, 1000), (50, 8), (400, 40)):
        positives = rng.random(n) < 0.3
        positives[rng.integers(n)] = True
        scores = rng.integers(0, ties, n) / ties + 0.2 * positives
        precision, recall, _ = precision_recall_curve(positives, scores)
        precision, recall = precision[:-1], recall[:-1]  # the last point is one that scikit-learn adds
        value = sum(precision[recall >= level / 10 - 1e-12].max(initial=0) for level in range(11)) / 11
        cases.append({"scores": scores.tolist(), "positives": positives.tolist(), "value": float(value)})
    return cases


def segmentation():
    """6 pictures of 4 x 4 patches to learn from and 4 to judge; 8 x 8 pixels."""
    def part(count, phase):
        tokens = sines(count * 16 * 5, 1.7, phase).reshape(count, 4, 4, 5)
        clean = torch.nn.functional.interpolate(torch.tensor(tokens[..., 0] + 0.4 * tokens[..., 1])[:, None], scale_factor=2, mode="nearest")[:, 0].numpy()
        value = clean + 0.3 * sines(count * 64, 2.3, phase + 1).reshape(count, 8, 8)
        return tokens, np.where(value > 0.5, 7, np.where(value > -0.4, 2, 0))
    (a, mask), (b, truth) = part(6, 0.3), part(4, 0.9)
    blocks = mask.reshape(6, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)
    labels = [min(set(block), key=lambda c: (-(block == c).sum(), c)) for block in blocks]
    scaler = StandardScaler().fit(a.reshape(-1, 5))
    model = LogisticRegression(C=1, tol=1e-9, max_iter=10_000).fit(scaler.transform(a.reshape(-1, 5)), labels)
    scores = torch.tensor(model.decision_function(scaler.transform(b.reshape(-1, 5))).reshape(4, 4, 4, 3)).permute(0, 3, 1, 2)
    found = model.classes_[torch.nn.functional.interpolate(scores, (8, 8), mode="bilinear").argmax(1).numpy()]
    return {"masks": mask.ravel().tolist(), "truth": truth.ravel().tolist(), "predictions": found.ravel().tolist(),
            "iou": jaccard_score(truth.ravel(), found.ravel(), average=None).tolist()}


(here / "protocols.json").write_text(json.dumps({
    "sgd": {"plain": sgd(False), "normalized": sgd(True)}, "episodes": episodes(), "ridge": [ridge(3, 1.0), ridge(10, 1024.0), ridge(100, 30.0)],
    "zero_shot": zero_shot(), "retrieval": retrieval(), "eleven_points": eleven_points(), "segmentation": segmentation()}, separators=(",", ":")) + "\n")
