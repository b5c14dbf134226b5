#!/usr/bin/env python3
"""Adds up what a file sink wrote: sum-bills.py [--month 2026-11] METER FILE...

One line a project and resource: the exact sum of the meter, and how much of it was seen rather than estimated.
A window that was sent twice counts once; one that was revised counts as it was last.
"""

import argparse
import collections
import json

options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
options.add_argument("--month", default="", help="only windows that end in it, by UTC")
options.add_argument("meter", help="cpu.delta, network.incoming.bytes.delta …")
options.add_argument("files", nargs="+")
options = options.parse_args()

windows = {}
for path in options.files:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            sample = json.loads(line)
            if sample["counter_name"] != options.meter or not sample["window_end"].startswith(options.month):
                continue
            key = (sample["resource_id"], sample["window_start"], sample["window_end"])
            if key not in windows or sample.get("revision", 0) >= windows[key].get("revision", 0):
                windows[key] = sample

sums = collections.defaultdict(lambda: [0, 0, 0])
for sample in windows.values():
    line = sums[sample.get("project_id") or "-", sample["resource_id"]]
    line[0] += sample["counter_volume"]  # an integer of any size: Python adds it exactly
    line[1] += 1
    line[2] += sample["coverage"] < 1 or "lower_bound" in sample["flags"]
print("project\tresource\tsum\twindows\tto look at")
for (project, resource), (total, count, doubtful) in sorted(sums.items()):
    print(project, resource, total, count, doubtful, sep="\t")
