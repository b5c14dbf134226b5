#!/usr/bin/env python3
"""Adds up what a file sink wrote: sum-bills.py [--month 2026-11] METER FILE...

One line a project and resource: the exact sum of the meter, and how many windows deserve a look (docs/how-to/billing.md).
A window that was sent twice counts once; one that was revised counts as it was last. Of a line that a crash has left
half-written the sample follows again, whole: it is told, and left out.
"""

import argparse
import collections
import json
import sys

options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
options.add_argument("--month", default="", help="only windows that begin in it, by UTC")
options.add_argument("meter", help="a meter of type delta: cpu.delta, network.incoming.bytes.delta …")
options.add_argument("files", nargs="+")
options = options.parse_args()


def samples():
    for path in options.files:
        with open(path, encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    print(f"{path}:{number}: not JSON, left out", file=sys.stderr)


windows = {}
for sample in samples():
    # By its begin a window is in one month only, and in the one that "hypermeter audit --from --until" judges it in.
    if sample["counter_name"] != options.meter or not sample["window_start"].startswith(options.month):
        continue
    if sample["counter_type"] != "delta":
        sys.exit(f"{options.meter} is of type {sample['counter_type']}: only deltas can be added up")
    key = (sample["resource_id"], sample["window_start"], sample["window_end"])
    if key not in windows or sample.get("revision", 0) >= windows[key].get("revision", 0):
        windows[key] = sample

sums = collections.defaultdict(lambda: [0, 0, 0])
for sample in windows.values():
    line = sums[sample.get("project_id") or "-", sample["resource_id"]]
    line[0] += sample["counter_volume"]  # an integer of any size: Python adds it exactly
    line[1] += 1
    line[2] += (sample["coverage"] or 0) < 1 or "lower_bound" in sample["flags"]
print("project\tresource\tsum\twindows\tto look at")
for (project, resource), (total, count, doubtful) in sorted(sums.items()):
    print(project, resource, total, count, doubtful, sep="\t")
