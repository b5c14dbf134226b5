import type { RawReading } from '../audit/evidence.ts';
import { isoMicroseconds } from '../runtime/iso-time.ts';
import { isoTime } from '../sinks/timestamp.ts';
import { type ExplainedMeter, readingsOf } from './explain-report.ts';

/** The explanation for programs. Amounts in the counter's units, times ISO 8601 in UTC. */
export function explanationJson({ meter, isSelected, explanation }: ExplainedMeter): object {
  const { window, steps, sum, carried, conclusion } = explanation;
  const { sample, counter, gauge } = window;
  const readings = readingsOf(steps);
  const place = (reading: RawReading | null) => (reading === null ? null : readings.indexOf(reading));
  return {
    counter_name: meter.name,
    resource_id: window.resource,
    window_start: isoTime(window.windowStart),
    window_end: isoTime(window.windowEnd),
    selected: isSelected,
    sample: sample && {
      counter_volume: sample.volume,
      counter_unit: sample.unit,
      counter_type: sample.type,
      coverage: sample.coverage,
      quality: sample.quality,
      flags: sample.flags,
      revision: sample.revision,
      message_id: sample.messageId,
    },
    readings: readings.map(readingJson),
    steps: steps.map(({ how, reading, before, counted }) => ({
      how,
      reading: place(reading),
      before: place(before),
      from: counted && isoMicroseconds(counted.from),
      to: counted && isoMicroseconds(counted.to),
      counted: counted?.amount ?? null,
      in_window: counted?.part ?? null,
      gap: counted?.gap ?? false,
      overtaken: counted?.overtaken ?? false,
    })),
    sum,
    carried,
    conclusion,
    model: counter && {
      delta: counter.delta,
      total: counter.total,
      covered_us: counter.covered,
      rate_delta: counter.rateDelta,
      rate_time_us: counter.rateTime,
      vcpus: counter.vcpus,
    },
    gauge: gauge && { last: gauge.last, min: gauge.least, max: gauge.most, mean: gauge.mean },
    divisor: meter.divisor,
  };
}

const readingJson = (reading: RawReading) => {
  const { observedAt, interval, value, epoch, startedAt, state, source, poll, partition, offset, recordedAt } = reading;
  return {
    observed_at: isoMicroseconds(observedAt),
    interval_us: interval,
    value,
    epoch,
    started_at: startedAt === null ? null : isoMicroseconds(startedAt),
    state,
    kind: source.kind,
    hypervisor: source.hypervisor,
    collector: source.collector,
    generation: source.generation,
    poll: poll.sequence,
    poll_scheduled_at: isoMicroseconds(poll.scheduledAt),
    poll_started_at: isoMicroseconds(poll.startedAt),
    poll_ended_at: isoMicroseconds(poll.endedAt),
    partial: poll.partial,
    partition,
    offset,
    recorded_at: isoMicroseconds(recordedAt),
  };
};
