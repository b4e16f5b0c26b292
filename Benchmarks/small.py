"""Times the smallest operation: 100,000 additions of 8 numbers by PyTorch from Python. Prints one JSON line, as the peers' scripts do."""
import argparse, json, time
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=1)
torch.set_num_threads(parser.parse_args().threads)
a, b = torch.arange(1.0, 9.0), torch.ones(8)


def run():
    for _ in range(100_000):
        a + b


run()
times = []
for _ in range(7):
    start = time.perf_counter()
    run()
    times.append(time.perf_counter() - start)
print(json.dumps({"cases": {"add8": {"times": times}}}))
