"""What Gnocchi would keep of measures: its own archive policies and aggregation (carbonara), without its storage.

  store.py < request.json > kept.json

Standard input: {"policies": as in gnocchi_resources.yaml, "series": [{"policy": name, "batches": [[[ISO time, value],
…], …]}]}, each batch one delivery. Standard output, by series: {"<method> <seconds>": [[bucket's begin in seconds,
value], …]}. As gnocchi/storage does it: each batch goes into the bounded series of raw points, and the buckets from
the first it touches on are made anew.
"""
import json
import sys

import numpy
from gnocchi import archive_policy, carbonara, utils


def policy_of(given):
    definition = [
        archive_policy.ArchivePolicyItem(
            granularity=utils.to_timespan(item['granularity']), timespan=utils.to_timespan(item['timespan']))
        for item in given['definition']
    ]
    return archive_policy.ArchivePolicy(
        given['name'], given['back_window'], definition, given['aggregation_methods'])


def seconds(value):
    return float(value / numpy.timedelta64(1, 's'))


def kept(policy, batches):
    raw = carbonara.BoundTimeSerie(block_size=policy.max_block_size, back_window=policy.back_window)
    stored = {}
    for batch in batches:
        points = sorted((utils.to_timestamp(time), float(value)) for time, value in batch)
        measures = carbonara.make_timeseries(
            numpy.array([time for time, _ in points], dtype='datetime64[ns]'),
            numpy.array([value for _, value in points]))

        def aggregate(series):
            first = max(series.first, measures['timestamps'][0])
            for aggregation in policy.aggregations:
                grouped = series.group_serie(
                    aggregation.granularity, carbonara.round_timestamp(first, aggregation.granularity))
                made = carbonara.AggregatedTimeSerie.from_grouped_serie(grouped, aggregation)
                name = '%s %g' % (aggregation.method, seconds(aggregation.granularity))
                for time, value in made:
                    begin = seconds(time - carbonara.UNIX_UNIVERSAL_START64)
                    stored.setdefault(name, {})[begin] = float(value)

        raw.set_values(measures, before_truncate_callback=aggregate)
    return {name: sorted(buckets.items()) for name, buckets in stored.items()}


def main():
    request = json.load(sys.stdin)
    policies = {given['name']: policy_of(given) for given in request['policies']}
    json.dump([kept(policies[one['policy']], one['batches']) for one in request['series']], sys.stdout)


if __name__ == '__main__':
    main()
