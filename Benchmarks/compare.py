#!/usr/bin/env python3
"""Times Loam and PyTorch on the same work in the same minutes and prints one table.

    python3 Benchmarks/compare.py [--cases NAME,NAME|all] [--rounds 2] [--threads 2] [--compiled] [--json FILE] [--list]

In every round each case runs alternately: Loam, PyTorch as it is, PyTorch with tcmalloc as its allocator and, with --compiled, PyTorch compiled besides. Medians are over the samples of all
rounds. PyTorch's side is the peers' scripts; see Benchmarks/README.md for where they are looked for. Without them only
Loam's column is filled, and a sentence says why.

Needs Python 3.11 and nothing else on its own side.
"""
import argparse
import glob
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import time

from cases import CASES, DEFAULT

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Missing(Exception):
    """A side that cannot be run; the text says why and what to do."""


def command_line():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default="", help="comma-separated names, or 'all'; default: a choice that takes under ten minutes")
    parser.add_argument("--rounds", type=int, default=2, help="how often each side runs")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads for both sides; default: all processors")
    parser.add_argument("--timeout", type=float, default=600, help="seconds after which one run is given up")
    parser.add_argument("--compiled", action="store_true", help="time torch.compile as well; each script compiles for a minute first, and needs a C++ compiler")
    parser.add_argument("--json", metavar="FILE", help="write every sample there as well")
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    options = parser.parse_args()
    known = {case.name: case for case in CASES}
    names = list(known) if options.cases == "all" else [n for n in options.cases.split(",") if n] or DEFAULT
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no case called {', '.join(unknown)}; known are {', '.join(known)}")
    options.cases = [known[name] for name in names]
    if options.list:
        chosen = set(DEFAULT)
        for case in CASES:
            print(f"{case.name:28s}{'*' if case.name in chosen else ' '} {case.what}")
        print("* run by default")
        sys.exit(0)
    return options


def loam_command():
    text = os.environ.get("LOAM", "")
    if text:
        return shlex.split(text)
    binary = ROOT / ".build/release/loam"
    if not binary.exists():
        raise Missing(f"Loam is not built: {binary.relative_to(ROOT)} is missing. Run `swift build -c release`, or set LOAM to the command.")
    return [str(binary)]


def peers_folder():
    folder = pathlib.Path(os.environ.get("LOAM_PEERS", ROOT.parent / "shared/peers"))
    if not (folder / "common.py").exists():
        raise Missing(f"PyTorch is not timed: no peers' scripts in {folder}. Set LOAM_PEERS to their folder.")
    return folder


def peers_python(folder):
    own = folder / ".venv/bin/python"
    python = os.environ.get("LOAM_PYTHON") or (str(own) if own.exists() else sys.executable)
    try:
        check = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True, timeout=120)
    except OSError as error:
        raise Missing(f"PyTorch is not timed: {python} cannot be started ({error.strerror}). Set LOAM_PYTHON to a Python that has torch.")
    if check.returncode:
        raise Missing(f"PyTorch is not timed: {python} cannot import torch. Set LOAM_PYTHON to a Python that has it.")
    return python, check.stdout.strip()


def tcmalloc():
    for pattern in ("/usr/lib/*/libtcmalloc_minimal.so.4", "/usr/lib*/libtcmalloc_minimal.so.4", "/usr/local/lib/libtcmalloc_minimal.so.4"):
        found = sorted(glob.glob(pattern))
        if found:
            return found[0]
    raise Missing("The tcmalloc column is empty: libtcmalloc_minimal.so.4 was not found (Debian: libtcmalloc-minimal4).")


def processor_seconds():
    """Seconds that all processes together have computed, and those of this process and its finished children."""
    with open("/proc/stat") as stat:
        fields = list(map(int, stat.readline().split()[1:9]))
    used = (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / os.sysconf("SC_CLK_TCK")
    own = os.times()
    return used, own.user + own.system + own.children_user + own.children_system


def run_json(command, options, folder=None, environment=None):
    """Runs a command and returns the last JSON object that it prints, with the cores that other processes used meanwhile."""
    before, start = processor_seconds(), time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**os.environ, **(environment or {})}, timeout=options.timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"gave up after {options.timeout:g} s"}
    except OSError as error:
        return {"error": error.strerror}
    seconds, after = time.monotonic() - start, processor_seconds()
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        tail = (done.stderr or done.stdout).strip().splitlines()
        return {"error": tail[-1][:200] if tail else f"ended with status {done.returncode} and printed nothing"}
    try:
        result = json.loads(lines[-1])
    except ValueError:
        return {"error": "printed a line that is not JSON"}
    result["other_cores"] = max(0.0, (after[0] - before[0]) - (after[1] - before[1])) / max(seconds, 1e-3)
    return result


class Samples:
    """The times of one side for one case over all rounds."""

    def __init__(self):
        self.times, self.error, self.busy = [], None, 0.0

    def add(self, times, error, busy):
        self.times += times or []
        self.error = error or self.error
        self.busy = max(self.busy, busy)

    @property
    def median(self):
        return statistics.median(self.times) if self.times else None


def measured_peak(loam, folder, options):
    """GFLOP/s of f32 multiply-adds on registers, as Loam measures it, or else the peers' C program if it has been built."""
    result = run_json([*loam, "bench", "--json", "fma-peak"], options) if loam else {"error": ""}
    if "error" not in result and result.get("times"):
        return result["work"] / min(result["times"]) / 1e9, "loam bench fma-peak"
    program = folder / "c/build/peak" if folder else None
    if program and program.exists():
        result = run_json([str(program), str(options.threads), "3"], options)
        rates = [result.get("cases", {}).get(name, {}).get("rate_best", 0) for name in ("fp32_avx512_fma", "fp32_avx2_fma")]
        if max(rates) > 0:
            return max(rates), "the peers' peak"
    return None, None


def collect(options, loam, folder, python, allocator):
    """Alternates the sides; a peers' script that serves several cases runs once per round for all of them."""
    results = {case.name: {side: Samples() for side in ("loam", "eager", "tcmalloc", "compiled")} for case in options.cases}
    groups = {}
    for case in options.cases:
        groups.setdefault((case.script, case.arguments, case.compiled), []).append(case)
    sides = [("eager", {})] if python else []
    if python and allocator:
        sides.append(("tcmalloc", {"LD_PRELOAD": allocator}))
    if python and options.compiled:
        sides.append(("compiled", {"LD_PRELOAD": allocator} if allocator else {}))
    try:
        measure(options, loam, folder, python, groups, sides, results)
    except KeyboardInterrupt:
        results["interrupted"] = True
    note("")
    return results


def measure(options, loam, folder, python, groups, sides, results):
    for number in range(options.rounds):
        for (script, arguments, compiled), cases in groups.items():
            for case in cases if loam else ():
                note(f"round {number + 1}: {case.name}, Loam")
                found = run_json([*loam, "bench", "--json", case.name], options, environment={"LOAM_THREADS": str(options.threads)})
                results[case.name]["loam"].add(found.get("times"), found.get("error"), found.get("other_cores", 0))
            for side, environment in sides:
                if side == "compiled" and not compiled:
                    continue
                note(f"round {number + 1}: {pathlib.Path(script).name} {' '.join(arguments)}, {side}")
                threads = () if "--threads" in arguments else ("--threads", str(options.threads))
                # A peer waits for a quiet machine before each sample; a second keeps that courtesy without letting it rule the run.
                extra = compiled if side == "compiled" else ()
                found = run_json([python, script, *arguments, *extra, *threads], options, folder, {"PEERS_GATE": "1", "PEERS_GATE_TOTAL": "10", **environment})
                for case in cases:
                    entry = found.get("cases", {}).get(case.peer_case, {})
                    error = found.get("error") or (None if entry else f"{script} reports no case '{case.peer_case}'")
                    results[case.name][side].add(entry.get("times"), error, found.get("other_cores", 0))


def note(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def duration(seconds):
    if seconds is None:
        return "-"
    return f"{seconds * 1e6:.3g} µs" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def table(options, results, peak):
    sides = {"loam": "Loam", "eager": "PyTorch", "tcmalloc": "with tcmalloc", **({"compiled": "compiled"} if options.compiled else {})}
    header = ["case", *sides.values(), "Loam is faster by", "of peak"]
    rows, notes = [], []
    for case in options.cases:
        samples = results[case.name]
        own, peers = samples["loam"].median, [m for m in (samples[side].median for side in sides if side != "loam") if m]
        ratio = f"{min(peers) / own:.2f} x" if own and peers else "-"
        share = f"{100 * case.flops / own / 1e9 / peak:.0f} %" if own and peak and case.flops else "-"
        rows.append([case.name, *(duration(samples[side].median) for side in sides), ratio, share])
        for side, name in {**sides, "tcmalloc": "PyTorch with tcmalloc", **({"compiled": "PyTorch compiled"} if options.compiled else {})}.items():
            if samples[side].error:
                notes.append(f"{case.name}, {name}: {samples[side].error}")
            if samples[side].busy > 0.3:
                notes.append(f"{case.name}, {name}: other processes used up to {samples[side].busy:.1f} cores meanwhile; read its times as upper limits")
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("  ".join(cell.ljust(widths[0]) if column == 0 else cell.rjust(widths[column]) for column, cell in enumerate(row)))
    return notes


def main():
    options = command_line()
    notes, loam, folder, python, version, allocator = [], None, None, None, None, None
    try:
        loam = loam_command()
    except Missing as reason:
        notes.append(str(reason))
    try:
        folder = peers_folder()
        python, version = peers_python(folder)
        allocator = tcmalloc()
    except Missing as reason:
        notes.append(str(reason))
    if not loam and not python:
        print("Nothing to compare.", *notes, sep="\n")
        return 0
    peak, source = measured_peak(loam, folder, options)
    results = collect(options, loam, folder, python, allocator)
    if results.pop("interrupted", False):
        notes.append("Interrupted: the table holds what had been measured by then.")
    notes += table(options, results, peak)
    print(f"\n{options.threads} threads, {options.rounds} rounds, medians per iteration; faster by: against the fastest PyTorch column."
          + (f" PyTorch {version}." if version else "") + (f" Peak {peak:.0f} GFLOP/s by {source}." if peak else " The FMA peak was not measured."))
    for line in dict.fromkeys(notes):
        print(line)
    if options.json:
        out = {case.name: {side: {"times": s.times, "median": s.median, "error": s.error, "other_cores": s.busy} for side, s in results[case.name].items()}
               for case in options.cases}
        pathlib.Path(options.json).write_text(json.dumps({"threads": options.threads, "rounds": options.rounds, "torch": version, "peak_gflops": peak,
                                                          "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "cases": out}, indent=1) + "\n")
    return 1 if any(results[case.name]["loam"].error for case in options.cases) else 0


if __name__ == "__main__":
    sys.exit(main())
