"""Sends samples with Ceilometer's own UDP publisher, to be compared with ours.

  udp_publish.py PORT SECRET < samples.jsonl

Each line of standard input is a meter message without its signature, as JSON. Writes one line for each that was sent.
"""
import json
import sys

from ceilometer import sample, service
from ceilometer.publisher import udp
from oslo_utils import netutils

port, secret = sys.argv[1:]
conf = service.prepare_service(argv=[], config_files=[])
conf.set_override('telemetry_secret', secret, group='publisher')
publisher = udp.UDPPublisher(conf, netutils.urlsplit(f'udp://127.0.0.1:{port}'))

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
    print('sent', flush=True)
