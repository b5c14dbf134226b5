"""Sends samples with Ceilometer's own TCP publisher, to be compared with ours.

  tcp_publish.py PORT SECRET HOST < samples.jsonl

HOST is what it names as publisher_id. Each line of standard input is a meter message without its signature, as JSON.
"""
import json
import sys

from ceilometer import sample, service
from ceilometer.publisher import tcp
from oslo_utils import netutils

port, secret, host = sys.argv[1:]
conf = service.prepare_service(argv=[], config_files=[])
conf.set_override('telemetry_secret', secret, group='publisher')
conf.set_override('host', host)
publisher = tcp.TCPPublisher(conf, netutils.urlsplit(f'tcp://127.0.0.1:{port}'))

for line in sys.stdin:
    message = json.loads(line)
    publisher.publish_samples([
        sample.Sample(
            name=message['counter_name'],
            type=message['counter_type'],
            unit=message['counter_unit'],
            volume=message['counter_volume'],
            user_id=message['user_id'],
            user_name=message['user_name'],
            project_id=message['project_id'],
            project_name=message['project_name'],
            resource_id=message['resource_id'],
            timestamp=message['timestamp'],
            resource_metadata=message['resource_metadata'],
            source=message['source'],
            id=message['message_id'],
            monotonic_time=message['monotonic_time'],
        )
    ])
