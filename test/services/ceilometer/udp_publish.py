"""Sends samples with Ceilometer's own UDP publisher, to be compared with ours.

  udp_publish.py PORT SECRET < samples.jsonl

Each line of standard input is a meter message without its signature, as JSON. Writes one line for each that was sent.
"""
import json
import sys

from ceilometer import service
from ceilometer.publisher import udp
from oslo_utils import netutils

from meter_message import sample_of

port, secret = sys.argv[1:]
conf = service.prepare_service(argv=[], config_files=[])
conf.set_override('telemetry_secret', secret, group='publisher')
publisher = udp.UDPPublisher(conf, netutils.urlsplit(f'udp://127.0.0.1:{port}'))

for line in sys.stdin:
    publisher.publish_samples([sample_of(json.loads(line))])
    print('sent', flush=True)
