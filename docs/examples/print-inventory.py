#!/usr/bin/env python3
"""Prints what the inventory topic holds: print-inventory.py BROKERS [TOPIC]. Needs confluent-kafka."""

import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

brokers = sys.argv[1]
topic = sys.argv[2] if len(sys.argv) > 2 else "hypermeter.inventory"
consumer = Consumer(
    {
        "bootstrap.servers": brokers,
        "group.id": "print-inventory",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
)
reading = set(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in reading])
entries = {}
while reading:
    message = consumer.poll(10)
    if message is None:
        sys.exit("the brokers do not answer")
    if message.error():
        if message.error().code() != KafkaError._PARTITION_EOF:
            sys.exit(str(message.error()))
        reading.discard(message.partition())
    elif message.value() is None:  # a tombstone: the instance is no more
        entries.pop(message.key(), None)
    else:  # the newest of a key stands
        entries[message.key()] = json.loads(message.value())
consumer.close()
for entry in entries.values():
    print(entry["uuid"], entry["name"], entry["host"], entry["presence"], *entry["findings"])
