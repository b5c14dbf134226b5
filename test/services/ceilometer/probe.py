"""probe.py TRANSPORT_URL TOPIC NAME

Sends one sample of the meter NAME as Ceilometer's polling agent does, with oslo.messaging's own notifier: an agent that
has written it listens.
"""
import sys

import oslo_messaging
from ceilometer import sample
from ceilometer.publisher import utils
from oslo_config import cfg

url, topic, name = sys.argv[1:]
conf = cfg.ConfigOpts()
conf([])
oslo_messaging.set_transport_defaults("ceilometer")
transport = oslo_messaging.get_notification_transport(conf, url=url)
notifier = oslo_messaging.Notifier(
    transport, publisher_id="ceilometer.polling", driver="messagingv2", topics=[topic], retry=2
)
probe = sample.Sample(name, "gauge", "", 1, "u", "p", "probe", "2026-01-01T00:00:00", {})
notifier.sample({}, "telemetry.polling", {"samples": [utils.meter_message_from_counter(probe, "probe")]})
transport.cleanup()
