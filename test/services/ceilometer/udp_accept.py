"""Receives samples on a UDP port as Ceilometer's collector did, and judges each.

  udp_accept.py SECRET COUNT SECONDS

Takes a free port of 127.0.0.1, writes it on the first line, and reads COUNT datagrams or for SECONDS. The last line
is a JSON object of the verdict; exit status 0 only if COUNT datagrams came and every one was accepted.

The collector (2014.1 to 9.0.7) unpacked with encoding='utf-8', which today is raw=False with strict_map_key=False,
and discarded what verify_signature refused. The further checks are those that later consumers die of.
"""
import collections
import json
import math
import socket
import sys
import time

import msgpack
from ceilometer.publisher import utils

TEXTS = ('source', 'counter_name', 'counter_unit', 'resource_id', 'timestamp', 'message_id', 'message_signature')
OPTIONAL_TEXTS = ('user_id', 'user_name', 'project_id', 'project_name')


def faults(datagram, secret):
    try:
        message = msgpack.unpackb(datagram, raw=False, strict_map_key=False)
    except Exception as error:
        return [f'undecodable: {error!r}']
    if not isinstance(message, dict):
        return ['not a map']
    found = [f'{key} is no text' for key in TEXTS if not isinstance(message.get(key), str)]
    found += [f'{key} is missing' for key in OPTIONAL_TEXTS if key not in message]
    if message.get('counter_type') not in ('gauge', 'delta', 'cumulative'):
        found.append('counter_type')
    volume = message.get('counter_volume')
    if isinstance(volume, bool) or not isinstance(volume, (int, float)) or not math.isfinite(volume):
        found.append('counter_volume')
    if not isinstance(message.get('resource_metadata'), dict):
        found.append('resource_metadata')
    if not found and not utils.verify_signature(message, secret):
        found.append('message_signature')
    return found


def main(secret, count, seconds):
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    receiver.bind(('127.0.0.1', 0))
    print(receiver.getsockname()[1], flush=True)
    deadline = time.monotonic() + seconds
    datagrams = 0
    problems = collections.Counter()
    while datagrams < count and time.monotonic() < deadline:
        receiver.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            datagram = receiver.recv(65536)
        except TimeoutError:
            break
        datagrams += 1
        problems.update(faults(datagram, secret))
    print(json.dumps({'datagrams': datagrams, 'problems': dict(problems)}))
    return 0 if datagrams == count and not problems else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
