"""verify.py SECRET amqp URL EXCHANGE KEY | queue URL QUEUE | kafka BROKERS TOPIC

Reads oslo notifications, beside a consumer or (queue) as the only one, and says of every sample whether Ceilometer's own verify_signature accepts it.
One JSON line a sample: message_id, counter_name, counter_volume (its Python repr), signed, message (its place among the
messages). The first line is "ready". Ends when standard input does.
"""
import json, select, sys

from ceilometer.publisher import utils

secret, transport, *where = sys.argv[1:]
count = 0


def ended():
    return bool(select.select([sys.stdin], [], [], 0)[0]) and not sys.stdin.readline()


def tell(body):
    global count
    count += 1
    envelope = json.loads(body)
    assert envelope["oslo.version"] == "2.0", envelope["oslo.version"]
    payload = json.loads(envelope["oslo.message"])["payload"]
    for sample in payload["samples"] if isinstance(payload, dict) else payload:
        line = {key: sample[key] for key in ("message_id", "counter_name")}
        line["counter_volume"] = repr(sample["counter_volume"])
        line["signed"] = utils.verify_signature(sample, secret)
        print(json.dumps({**line, "message": count}), flush=True)


def amqp(url, exchange, key):
    import kombu

    with kombu.Connection(url) as connection:
        channel = connection.channel()
        kombu.Exchange(exchange, "topic", durable=False)(channel).declare()
        queue = channel.queue_declare("", exclusive=True).queue
        channel.queue_bind(queue, exchange, key)
        channel.basic_consume(queue, no_ack=True, callback=lambda message: tell(message.body))
        drain(connection)


def queue(url, name):
    import kombu

    with kombu.Connection(url) as connection:
        connection.channel().basic_consume(name, no_ack=True, callback=lambda message: tell(message.body))
        drain(connection)


def drain(connection):
    print("ready", flush=True)
    while not ended():
        try:
            connection.drain_events(timeout=0.2)
        except TimeoutError:
            pass


def kafka(brokers, topic):
    import confluent_kafka

    settings = {"bootstrap.servers": brokers, "group.id": f"verify-{topic}", "enable.auto.commit": False}
    consumer = confluent_kafka.Consumer({**settings, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    print("ready", flush=True)
    while not ended():
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            tell(message.value())
    consumer.close()


{"amqp": amqp, "queue": queue, "kafka": kafka}[transport](*where)
