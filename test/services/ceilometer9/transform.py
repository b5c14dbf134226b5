"""Runs samples through the transformers of Ceilometer 9.0.7, in its own sink class.

Each line of input is {"transformers": [{"name", "parameters"}], "batches": [{"now", "samples": [...]}]}, times as text;
each line of output a list for each batch of what comes out of it. Volumes are texts: the digits of what is whole, the
repr of other floats. A volume that is no number is left out, as no message could carry it.
"""
import datetime
import json
import logging
import sys
import warnings

warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)

from oslo_utils import timeutils  # noqa: E402
from stevedore import extension  # noqa: E402

from ceilometer import pipeline  # noqa: E402
from ceilometer import sample  # noqa: E402

FIELDS = ('name', 'type', 'unit', 'user_id', 'project_id', 'resource_id', 'timestamp', 'resource_metadata')
TRANSFORMERS = extension.ExtensionManager('ceilometer.transformer')


class Publisher(object):
    def __init__(self):
        self.samples = []

    def get(self, url):
        return self

    def publish_samples(self, samples):
        # An aggregate still grows when it was published.
        self.samples.extend(told(each) for each in samples if isinstance(each.volume, (int, float)))


def told(each):
    volume = each.volume
    whole = isinstance(volume, int) or (volume == volume and volume not in (float('inf'), float('-inf')) and
                                        volume == int(volume))
    fields = dict((field, getattr(each, field)) for field in FIELDS)
    return dict(fields, volume=str(int(volume)) if whole else repr(volume))


def run(request):
    publisher = Publisher()
    config = {'name': 'sink', 'transformers': request['transformers'], 'publishers': ['x://']}
    sink = pipeline.SampleSink(None, config, TRANSFORMERS, publisher)
    batches = []
    for batch in request['batches']:
        timeutils.set_time_override(datetime.datetime.strptime(batch['now'], '%Y-%m-%dT%H:%M:%S.%f'))
        publisher.samples = []
        sink.publish_samples([sample.Sample(**fields) for fields in batch['samples']])
        sink.flush()
        batches.append(publisher.samples)
    return batches


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
