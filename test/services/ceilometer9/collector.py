"""Runs the UDP receiver of Ceilometer 9.0.7's collector, its own service class with its own loop and signature check.

  collector.py SECRET

Takes a port of 127.0.0.1 and tells it on the first line. What the collector stores goes to a dispatcher of ours
instead of a database. Each line of input is answered with a line: {"stored": [message ids], "discarded": N,
"alive": whether the receiving thread still runs}, where a number n waits until n datagrams were stored or discarded, or 20 s.
"""
import json
import logging
import socket
import sys
import threading
import time
import warnings

warnings.simplefilter('ignore')

from ceilometer import collector  # noqa: E402
from ceilometer import service  # noqa: E402

stored = []
discarded = []
news = threading.Condition()


class Dispatchers(object):
    """The part of stevedore's manager that the receiver uses."""

    def map_method(self, method, message):
        with news:
            stored.append(message['message_id'])
            news.notify_all()


class Discards(logging.Handler):
    """The collector tells what it discards in its log alone."""

    def emit(self, record):
        with news:
            discarded.append(record.getMessage())
            news.notify_all()


def free_port():
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.bind(('127.0.0.1', 0))
    port = probe.getsockname()[1]
    probe.close()
    return port


conf = service.prepare_service([], [])
conf.set_override('udp_address', '127.0.0.1', group='collector')
conf.set_override('telemetry_secret', sys.argv[1], group='publisher')
port = free_port()
conf.set_override('udp_port', port, group='collector')
logger = logging.getLogger('ceilometer.collector')
logger.setLevel(logging.WARNING)
logger.addHandler(Discards())
logger.propagate = False

receiver = collector.CollectorService.__new__(collector.CollectorService)
receiver.conf = conf
receiver.meter_manager = Dispatchers()
thread = threading.Thread(target=receiver.start_udp)
thread.daemon = True
thread.start()


def is_bound():
    with open('/proc/net/udp') as sockets:
        return any(line.split()[1] == '0100007F:%04X' % port for line in sockets if ':' in line)


while not is_bound():
    time.sleep(0.01)
print(json.dumps(port), flush=True)
for line in sys.stdin:
    count = json.loads(line)
    with news:
        deadline = time.monotonic() + 20
        while len(stored) + len(discarded) < count and thread.is_alive() and time.monotonic() < deadline:
            news.wait(0.1)
        print(json.dumps({'stored': stored, 'discarded': len(discarded), 'alive': thread.is_alive()}), flush=True)
