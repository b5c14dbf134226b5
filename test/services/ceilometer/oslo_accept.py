"""Receives samples through oslo.messaging, as Ceilometer's notification agent does, and judges each.

  oslo_accept.py TRANSPORT_URL TOPIC SECRET COUNT SECONDS

Listens on exchange ceilometer for notifications of priority SAMPLE until COUNT different samples came, or for SECONDS.
Writes `listening` on the first line and a JSON object of the verdict on the last; exit status 0 only if COUNT came and
every one was accepted. Over Kafka oslo.messaging reads what comes after it has joined: send until it has enough.
"""
import collections
import json
import math
import sys
import threading

import oslo_messaging
from ceilometer import messaging, service
from ceilometer.publisher import utils
from ceilometer.telemetry import notifications

TEXTS = ('source', 'counter_name', 'counter_unit', 'resource_id', 'timestamp', 'message_id', 'message_signature')
OTHERS = ('user_id', 'user_name', 'project_id', 'project_name', 'counter_type', 'counter_volume', 'resource_metadata')


class Judge:
    def __init__(self, secret, count):
        self.secret = secret
        self.count = count
        self.messages = 0
        self.accepted = set()
        self.problems = collections.Counter()
        self.enough = threading.Event()

    def sample(self, context, publisher_id, event_type, payload, metadata):
        self.messages += 1
        for message in payload['samples'] if isinstance(payload, dict) else payload:
            found = self.faults(message)
            self.problems.update(found)
            if not found:
                self.accepted.add(message['message_id'])
        if len(self.accepted) >= self.count or self.problems:
            self.enough.set()

    def faults(self, message):
        found = [f'{key} is no text' for key in TEXTS if not isinstance(message.get(key), str)]
        found += [f'{key} is missing' for key in OTHERS if key not in message]
        if found:
            return found
        try:
            built = notifications.TelemetryIpc.build_sample(None, {'payload': {'samples': [message]}})
            found += [] if math.isfinite(float(next(built).volume)) else ['counter_volume']
        except Exception as error:
            found.append(f'Ceilometer builds no sample: {error!r}')
        if not utils.verify_signature(message, self.secret):
            found.append('message_signature')
        return found


def main(url, topic, secret, count, seconds):
    conf = service.prepare_service(argv=[], config_files=[])
    judge = Judge(secret, count)
    listener = oslo_messaging.get_notification_listener(
        messaging.get_transport(conf, url),
        [oslo_messaging.Target(exchange='ceilometer', topic=topic)],
        [judge],
        executor='threading',
        allow_requeue=False,
        pool=f'judge-{topic}' if url.startswith('kafka') else None,  # over Kafka the consumer group
    )
    listener.start()
    print('listening', flush=True)
    judge.enough.wait(seconds)
    listener.stop()
    listener.wait()
    verdict = {'samples': len(judge.accepted), 'problems': dict(judge.problems)}
    print(json.dumps(verdict), flush=True)
    print(f'{judge.messages} messages', file=sys.stderr)
    return 0 if len(judge.accepted) == count and not judge.problems else 1


if __name__ == '__main__':
    url, topic, secret, count, seconds = sys.argv[1:]
    sys.exit(main(url, topic, secret, int(count), float(seconds)))
