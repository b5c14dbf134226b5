"""What Ceilometer's Gnocchi publisher sends to Gnocchi, by a given gnocchi_resources.yaml.

  gnocchi_publish.py FILE < samples.json

Standard input: a list of batches of meter messages. The last line of standard output is {"policies": what it creates,
"batches": the measures of each by resource and metric, "resources": what it tells of each resource, "unhandled": the
meters that it drops, "faults": what it could not load}. Only the clients of Gnocchi and Keystone are stood in for.
"""
import json
import logging
import sys
from unittest import mock
from urllib import parse

from ceilometer import sample, service
from ceilometer.publisher import gnocchi


class Log(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def sample_of(message):
    return sample.Sample(
        name=message['counter_name'],
        type=message['counter_type'],
        unit=message['counter_unit'],
        volume=message['counter_volume'],
        user_id=message['user_id'],
        project_id=message['project_id'],
        resource_id=message['resource_id'],
        timestamp=message['timestamp'],
        resource_metadata=message['resource_metadata'],
    )


def main(file):
    conf = service.prepare_service(['ceilometer-polling'], [])
    log = Log()
    logging.getLogger('ceilometer.publisher.gnocchi').addHandler(log)
    client = mock.Mock()
    batches, resources, policies = [], {}, []
    client.archive_policy.create.side_effect = policies.append
    client.metric.batch_resources_metrics_measures.side_effect = (
        lambda measures, create_metrics: batches.append(json.loads(json.dumps(measures))))
    client.resource.update.side_effect = (
        lambda kind, key, told: resources.setdefault(key, {'type': kind}).update(told))
    url = 'gnocchi://?enable_filter_project=false&resources_definition_file=' + parse.quote(file)
    with mock.patch('ceilometer.gnocchi_client.get_gnocchiclient', return_value=client), \
            mock.patch('ceilometer.keystone_client.get_client'):
        publisher = gnocchi.GnocchiPublisher(conf, parse.urlsplit(url))
    for batch in json.load(sys.stdin):
        publisher.publish_samples([sample_of(message) for message in batch])
    print('\n' + json.dumps({
        'policies': policies,
        'batches': batches,
        'resources': resources,
        'types': [one.cfg['resource_type'] for one in publisher.resources_definition],
        'unhandled': sorted(publisher._already_logged_metric_names),
        'faults': [line for line in log.lines if 'not handled' not in line],
    }))


if __name__ == '__main__':
    main(sys.argv[1])
