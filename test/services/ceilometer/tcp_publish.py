"""Sends samples with Ceilometer's own TCP publisher, to be compared with ours.

  tcp_publish.py PORT SECRET HOST < samples.jsonl

HOST is what it names as publisher_id. Each line of standard input is a meter message without its signature, as JSON.
"""
import json
import sys

from ceilometer import service
from ceilometer.publisher import tcp
from oslo_utils import netutils

from meter_message import sample_of

port, secret, host = sys.argv[1:]
conf = service.prepare_service(argv=[], config_files=[])
conf.set_override('telemetry_secret', secret, group='publisher')
conf.set_override('host', host)
publisher = tcp.TCPPublisher(conf, netutils.urlsplit(f'tcp://127.0.0.1:{port}'))

for line in sys.stdin:
    publisher.publish_samples([sample_of(json.loads(line))])
