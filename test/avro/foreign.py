"""The foreign judge of the raw messages: reads what Hypermeter wrote and writes what Hypermeter shall read, knowing
nothing but fastavro and avro/snapshot.avsc.

To look into a raw topic yourself use docs/examples/print-raw.py, whose reading is the one tested here:

    pip install fastavro confluent-kafka
    docs/examples/print-raw.py --brokers localhost:9092 --topic hypermeter.raw

    foreign.py read   < values in hex, one a line   > a JSON array of its Snapshots for each
    foreign.py write  < the same JSON arrays        > values in hex, one a line

In the JSON statistics are strings of digits, since JavaScript's JSON would round them.
"""

import importlib.util
import io
import json
import pathlib
import sys
import uuid

import fastavro

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("print_raw", ROOT / "docs" / "examples" / "print-raw.py")
print_raw = importlib.util.module_from_spec(spec)
spec.loader.exec_module(print_raw)


def statistics(snapshot, convert):
    """Converts every statistic that is not null, in place."""
    for instance in [*snapshot["hosts"], *snapshot["instances"]]:
        for row in instance["rows"]:
            for block in [row, *row["disks"], *row["nics"]]:
                for name, value in block.items():
                    if name not in print_raw.NO_STATISTICS and value is not None:
                        block[name] = convert(value)
            for extra in row["extras"]:
                extra["value"] = convert(extra["value"])
    return snapshot


def signed(digits):
    """The long that holds an unsigned number's bits."""
    value = int(digits)
    return value - 2**64 if value >= 2**63 else value


def encode(snapshot, schema, header):
    for instance in [*snapshot["hosts"], *snapshot["instances"]]:
        instance["uuid"] = uuid.UUID(instance["uuid"]).bytes
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, schema, statistics(snapshot, signed))
    return header + stream.getvalue()


def main():
    schema, header = print_raw.load()
    for line in sys.stdin:
        if sys.argv[1] == "read":
            snapshots = print_raw.snapshots(bytes.fromhex(line), schema, header)
            print(json.dumps([statistics(snapshot, str) for snapshot in snapshots]))
        else:
            print(b"".join(encode(snapshot, schema, header) for snapshot in json.loads(line)).hex())


if __name__ == "__main__":
    main()
