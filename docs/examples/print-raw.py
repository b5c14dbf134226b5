#!/usr/bin/env python3
"""Prints raw Hypermeter messages as JSON, one Snapshot a line. Needs only fastavro and avro/snapshot.avsc.

    print-raw.py message.bin                      the value of one Kafka message, from a file
    kcat -b HOST:9092 -t hypermeter.raw -C -c 1 -e -D '' | print-raw.py      or from standard input
    print-raw.py --brokers HOST:9092              a whole topic, with confluent_kafka or kafka-python installed
    print-raw.py --brokers HOST:9092 --topic hypermeter.raw --schema avro/snapshot.avsc

A message's value is one or more Snapshots, one directly after the other. Each begins with C3 01 and the eight bytes
of the CRC-64-AVRO fingerprint of the schema that it was written with (Avro's single-object encoding). Statistics are
unsigned 64-bit numbers in the bits of a long: a negative one means itself + 2^64. null is: not read.
"""

import argparse
import io
import json
import pathlib
import sys
import uuid

import fastavro
import fastavro.schema

MAGIC = b"\xc3\x01"
SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "avro" / "snapshot.avsc"
# Fields of a row that are no statistics.
NO_STATISTICS = {"observedAt", "interval", "monotonic", "disks", "nics", "extras"}


def load(path=SCHEMA):
    """The schema, parsed, and the ten bytes in front of every Snapshot that was written with it."""
    schema = fastavro.parse_schema(json.loads(pathlib.Path(path).read_text(encoding="utf-8")))
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    # fastavro prints the fingerprint in the order of its bytes on the wire.
    return schema, MAGIC + bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


def snapshots(value, schema, header):
    """Every Snapshot of a message's value."""
    stream = io.BytesIO(value)
    while start := stream.read(len(header)):
        if start != header:
            raise ValueError(f"{start.hex()} is not the header {header.hex()} of this schema")
        yield unsigned(fastavro.schemaless_reader(stream, schema))


def unsigned(snapshot):
    """Makes the statistics unsigned and the uuids readable, in place."""
    for instance in [*snapshot["hosts"], *snapshot["instances"]]:
        instance["uuid"] = str(uuid.UUID(bytes=instance["uuid"]))
        for row in instance["rows"]:
            for block in [row, *row["disks"], *row["nics"]]:
                for name, value in block.items():
                    if name not in NO_STATISTICS and value is not None:
                        block[name] = value % 2**64
            for extra in row["extras"]:
                extra["value"] %= 2**64
    return snapshot


def values(brokers, topic):
    """The values of a topic's messages, from its beginning, without end."""
    try:
        import confluent_kafka
    except ImportError:
        import kafka

        for message in kafka.KafkaConsumer(topic, bootstrap_servers=brokers, auto_offset_reset="earliest"):
            yield message.value
        return
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": f"print-raw-{uuid.uuid4()}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise RuntimeError(message.error())
        yield message.value()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", help="the value of one message; standard input if not given")
    parser.add_argument("--brokers", help="read a topic instead: HOST:PORT,…")
    parser.add_argument("--topic", default="hypermeter.raw")
    parser.add_argument("--schema", default=SCHEMA)
    options = parser.parse_args()
    schema, header = load(options.schema)
    if options.brokers:
        messages = values(options.brokers, options.topic)
    else:
        messages = [pathlib.Path(options.file).read_bytes() if options.file else sys.stdin.buffer.read()]
    for value in messages:
        for snapshot in snapshots(value, schema, header):
            print(json.dumps(snapshot, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
