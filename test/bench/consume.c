/*
 * What C does with the same topics: takes batches of messages from librdkafka and, in mode "decode", every number of
 * every Snapshot in them, without keeping any. It is the measure that the pipeline is compared with.
 *
 *   consume consume|decode BROKERS PARTITIONS TOPIC MESSAGES [TOPIC MESSAGES ...]
 *
 * Prints one line of JSON a topic: CPU time of the process from the first fetch to the last message, and what was seen.
 */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define BATCH 1000
#define WAIT_MS 100
#define MOST_EMPTY_BATCHES 300
#define HEADER_BYTES 10

typedef struct {
  const uint8_t *at, *end;
  uint64_t sum;
  uint64_t readings;
} reader;

static void fail(const char *what) {
  fprintf(stderr, "consume: %s\n", what);
  exit(1);
}

static int64_t number(reader *r) {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (r->at == r->end) fail("a value that ends within a number");
    uint8_t byte = *r->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
  }
  fail("a number of more than 64 bits");
  return 0;
}

static void skip(reader *r, int64_t bytes) {
  if (bytes < 0 || bytes > r->end - r->at) fail("a value that ends within bytes");
  r->at += bytes;
}

static int present(reader *r) {
  int64_t branch = number(r);
  if (branch != 0 && branch != 1) fail("a union of two with a third branch");
  return (int)branch;
}

static void string(reader *r) { skip(r, number(r)); }
static void nullable_string(reader *r) { if (present(r)) string(r); }
static void nullable_number(reader *r) { if (present(r)) r->sum += (uint64_t)number(r); }

static void items(reader *r, void (*item)(reader *)) {
  for (;;) {
    int64_t count = number(r);
    if (count == 0) return;
    if (count < 0) {
      count = -count;
      number(r);
    }
    while (count-- > 0) item(r);
  }
}

static void statistics(reader *r, int count) {
  while (count-- > 0) {
    if (!present(r)) continue;
    r->sum += (uint64_t)number(r);
    r->readings++;
  }
}

static void device(reader *r) { string(r); nullable_string(r); }
static void disk(reader *r) { statistics(r, 11); }
static void nic(reader *r) { statistics(r, 8); }
static void extra(reader *r) { string(r); nullable_string(r); skip(r, 1); number(r); }

static void row(reader *r) {
  number(r);
  nullable_number(r);
  nullable_number(r);
  statistics(r, 9);
  items(r, disk);
  items(r, nic);
  items(r, extra);
}

static void instance(reader *r) {
  skip(r, 16);
  nullable_string(r);
  nullable_number(r);
  nullable_number(r);
  number(r);
  items(r, device);
  items(r, device);
  items(r, row);
  if (present(r)) fail("an identity: the bench sends none");
}

static void snapshot(reader *r) {
  skip(r, HEADER_BYTES);
  string(r); string(r); string(r); number(r); nullable_number(r);
  for (int i = 0; i < 8; i++) r->sum += (uint64_t)number(r);
  nullable_string(r);
  if (present(r)) instance(r);
  items(r, instance);
}

static double cpu_ns(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e9 + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e3;
}

static rd_kafka_t *connect_to(const char *brokers) {
  static const char *settings[][2] = {
    {"queued.max.messages.kbytes", "16384"}, {"fetch.queue.backoff.ms", "20"}, {"fetch.wait.max.ms", "100"},
    {"fetch.message.max.bytes", "1048576"}, {"queued.min.messages", "1000"},
  };
  char why[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why) != RD_KAFKA_CONF_OK) fail(why);
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    /* An older librdkafka does not know them all and does without. */
    if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof why) == RD_KAFKA_CONF_INVALID) fail(why);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
  if (!client) fail(why);
  const struct rd_kafka_metadata *metadata;
  if (rd_kafka_metadata(client, 1, NULL, &metadata, 10000)) fail("no metadata from the brokers");
  rd_kafka_metadata_destroy(metadata);
  return client;
}

static void consume(const char *brokers, int partitions, const char *name, long messages, int decode) {
  static rd_kafka_message_t *batch[BATCH];
  rd_kafka_t *client = connect_to(brokers);
  rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
  double since = cpu_ns();
  for (int p = 0; p < partitions; p++)
    if (rd_kafka_consume_start_queue(topic, p, RD_KAFKA_OFFSET_BEGINNING, queue)) fail("cannot start a partition");
  reader r = {0};
  uint64_t bytes = 0;
  long seen = 0, empty = 0;
  while (seen < messages) {
    ssize_t got = rd_kafka_consume_batch_queue(queue, WAIT_MS, batch, BATCH);
    if (got < 0) fail("cannot consume");
    empty = got == 0 ? empty + 1 : 0;
    if (empty > MOST_EMPTY_BATCHES) fail("messages are missing");
    for (ssize_t i = 0; i < got; i++) {
      if (!batch[i]->err) {
        seen++;
        bytes += batch[i]->len;
        r.at = batch[i]->payload;
        r.end = r.at + batch[i]->len;
        while (decode && r.at < r.end) snapshot(&r);
      }
      rd_kafka_message_destroy(batch[i]);
    }
  }
  double spent = cpu_ns() - since;
  printf("{\"cpuNs\":%.0f,\"messages\":%ld,\"bytes\":%llu,\"readings\":%llu,\"sum\":\"%llu\"}\n", spent, seen,
         (unsigned long long)bytes, (unsigned long long)r.readings, (unsigned long long)r.sum);
  for (int p = 0; p < partitions; p++) rd_kafka_consume_stop(topic, p);
  rd_kafka_topic_destroy(topic);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(client);
}

int main(int argc, char **argv) {
  if (argc < 6 || argc % 2) fail("usage: consume consume|decode BROKERS PARTITIONS TOPIC MESSAGES [TOPIC MESSAGES ...]");
  for (int i = 4; i < argc; i += 2)
    consume(argv[2], atoi(argv[3]), argv[i], atol(argv[i + 1]), strcmp(argv[1], "decode") == 0);
  return 0;
}
