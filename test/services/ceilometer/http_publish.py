"""Posts samples with Ceilometer's own http publisher, to be compared with ours.

  http_publish.py URL < samples.jsonl

Each line of standard input is a JSON array of samples, by the names of Sample's constructor. Each is published by one
call; writes one line for it.
"""
import json
import sys

from ceilometer import sample, service
from ceilometer.publisher import http
from oslo_utils import netutils

conf = service.prepare_service(argv=[], config_files=[])
publisher = http.HttpPublisher(conf, netutils.urlsplit(sys.argv[1]))

for line in sys.stdin:
    publisher.publish_samples([sample.Sample(**each) for each in json.loads(line)])
    print('sent', flush=True)
