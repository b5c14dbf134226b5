import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_IDENTITY } from '../../avro/snapshot.ts';
import {
  announcement,
  flavor,
  hostPoll,
  novaPoll,
  type Played,
  play,
  running,
  type Sent,
  uuid,
} from './announced-stream.ts';
import { rulesOf, SECOND } from './model/polls.ts';

const rules = rulesOf({}, { reorder: 10 * SECOND });
const WEB = 1;
const BORN = 2;
const BORN_AT = 131.5;
const DELETED_AT = 325;

const identity = {
  ...EMPTY_IDENTITY,
  name: 'web',
  instanceName: 'instance-1',
  projectId: 'p1',
  host: 'kvm1',
  flavor: flavor('m1.small', 1),
};

/** One host, polled every ten seconds for ten minutes, and what nova says meanwhile. */
function stream(): readonly Sent[] {
  const sent: Sent[] = [];
  for (let t = 0; t <= 600; t += 10) {
    const web = running(t, WEB, t * 5e8, t % 300 === 0 ? { identity } : {});
    const born = t >= 140 && t < DELETED_AT ? [running(t, BORN, (t - 132) * 1e9)] : [];
    sent.push(hostPoll(t, [web, ...born]));
    sent.push({ at: t + 3, snapshot: novaPoll(t + 3, []) });
  }
  return inOrder([
    ...sent,
    announcement(185, WEB, { name: 'db', projectId: 'p2', host: 'elsewhere', flavor: flavor('m1.large', 4) }),
    announcement(BORN_AT + 1, BORN, { name: 'newcomer', createdAt: BORN_AT * SECOND }),
    announcement(326, BORN, {}, { state: 'SHUTOFF', deletedAt: DELETED_AT * SECOND }),
  ]);
}

const inOrder = (sent: readonly Sent[]): readonly Sent[] => [...sent].sort((a, b) => a.at - b.at);

const log = stream();
const played = play(rules, log);

const key = (n: number) => {
  const hex = uuid(n).toString('hex');
  return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex);
};

/** Of one VM's meter, by the second of the window's end. */
const windowsOf = ({ samples }: Played, n: number, meter: string) =>
  samples
    .filter(({ sample }) => sample.resource.id === key(n) && sample.name === meter)
    .map(({ at, sample }) => ({ at, end: sample.windowEnd / SECOND, sample }));

describe('what nova tells of an instance', () => {
  test('leaves with the very next windows; where it runs is the host’s word', () => {
    const told = windowsOf(played, WEB, 'cpu.delta').map(({ end, sample: { resource } }) => {
      const { display_name, instance_host, instance_type, vcpus, name } = resource.metadata;
      return [end, display_name, resource.projectId, instance_type, vcpus, instance_host, name];
    });
    const before = (end: number) => [end, 'web', 'p1', 'm1.small', 1, 'kvm1', 'instance-1'];
    const after = (end: number) => [end, 'db', 'p2', 'm1.large', 4, 'kvm1', 'instance-1'];
    expect(told).toEqual([...[60, 120, 180].map(before), ...[240, 300, 360, 420, 480, 540, 600].map(after)]);
  });

  test('has its labels, until they are taken away', () => {
    const polls = Array.from({ length: 31 }, (_, n) => hostPoll(n * 10, [running(n * 10, WEB, n * 5e9)]));
    const labelled = inOrder([
      ...polls,
      announcement(5, WEB, { name: 'web', metadata: { 'metering.bill': 'x' } }),
      announcement(65, WEB, { projectId: 'p1' }, { state: 'NOSTATE' }),
      announcement(125, WEB, { name: 'web' }),
    ]);
    const told = windowsOf(play(rules, labelled), WEB, 'cpu.delta').map(
      ({ sample: { resource } }) => resource.metadata.user_metadata,
    );
    expect(told.slice(0, 4)).toEqual([{ bill: 'x' }, { bill: 'x' }, undefined, undefined]);
  });

  test('changes nothing that is counted, and nobody waits for it', () => {
    const isNova = ({ snapshot }: Sent) => snapshot.source.kind === 'nova';
    const alone = play(
      rules,
      log.filter((sent) => !isNova(sent)),
    );
    const counted = (of: Played) =>
      windowsOf(of, WEB, 'cpu.delta')
        .filter(({ end }) => end < 600)
        .map(({ at, end, sample: { volume, coverage } }) => [at, end, volume, coverage]);
    expect(counted(played)).toEqual(counted(alone));
    // It was heard once, long ago, or is late by an hour.
    const silent = log.filter((sent) => !isNova(sent) || sent.at < 10);
    expect(counted(play(rules, silent))).toEqual(counted(alone));
    const late = inOrder(log.map((sent) => (isNova(sent) ? { ...sent, at: sent.at + 300 } : sent)));
    expect(counted(play(rules, late))).toEqual(counted(alone));
  });

  test('redelivered and out of order within the reorder bound changes nothing', () => {
    const news = log.filter(({ snapshot: { source, instances } }) => source.kind === 'nova' && instances.length > 0);
    fc.assert(
      fc.property(
        fc.array(fc.record({ which: fc.nat(), after: fc.integer({ min: 0, max: 400 }) }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: log.length, maxLength: log.length }),
        (again, delays) => {
          const copies = again.map(({ which, after }) => {
            const sent = news[which % news.length] as Sent;
            return { ...sent, at: sent.at + after };
          });
          const disturbed = inOrder([
            ...log.map((sent, n) => ({ ...sent, at: sent.at + (delays[n] ?? 0) })),
            ...copies,
          ]);
          expect([...play(rules, disturbed).lines].sort()).toEqual([...played.lines].sort());
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('an instance that is created in the stream', () => {
  test('counts from zero since it was created', () => {
    const [first] = windowsOf(played, BORN, 'cpu.delta');
    expect(first).toMatchObject({ end: 180, sample: { volume: 48e9, quality: 'measured', flags: [] } });
    expect(first?.sample.coverage).toBe((180 - BORN_AT) / 60);
    const [cumulative] = windowsOf(played, BORN, 'cpu');
    expect(cumulative?.sample).toMatchObject({ volume: 48e9, since: BORN_AT * SECOND });
  });

  test.each<[string, readonly Sent[]]>([
    ['that nova does not tell of', []],
    ['that was there before the stream', [announcement(BORN_AT + 1, BORN, { createdAt: -1 * SECOND })]],
    ['that is told only after it was read', [announcement(155, BORN, { createdAt: BORN_AT * SECOND })]],
    ['that is told to begin after it was read', [announcement(BORN_AT + 1, BORN, { createdAt: 141 * SECOND })]],
  ])('%s begins with a baseline', (_, told) => {
    const others = log.filter(({ at }) => at !== BORN_AT + 1);
    const [first] = windowsOf(play(rules, inOrder([...others, ...told])), BORN, 'cpu.delta');
    expect(first).toMatchObject({ end: 180, sample: { volume: 40e9 } });
  });

  test('whose first value cannot have come together since then begins with a baseline', () => {
    const late = announcement(BORN_AT + 1, BORN, { createdAt: 137 * SECOND });
    const others = log.filter(({ at }) => at !== BORN_AT + 1);
    const [first] = windowsOf(play(rules, inOrder([...others, late])), BORN, 'cpu.delta');
    // Eight seconds of one vCPU in three: twice is plausible, no more.
    expect(first).toMatchObject({ end: 180, sample: { volume: 40e9, flags: ['epoch_conflict'] } });
  });

  test('and started before nova says so keeps the start that its hypervisor tells', () => {
    const started = log.map(({ at, snapshot }) => {
      const instances = snapshot.instances.map((each) =>
        each.rows.length > 0 && each.uuid[0] === BORN ? { ...each, startedAt: 135 * SECOND } : each,
      );
      return { at, snapshot: { ...snapshot, instances } };
    });
    const [first] = windowsOf(play(rules, started), BORN, 'cpu.delta');
    expect(first?.sample.coverage).toBe((180 - 135) / 60);
  });
});

describe('an instance that is deleted', () => {
  test('closes its last window as soon as the watermark has passed it', () => {
    const last = windowsOf(played, BORN, 'cpu.delta').at(-1);
    // The watermark is 10 s behind the host's polls.
    expect(last).toMatchObject({ at: 370, end: 360 });
    expect(last?.sample.quality).toBe('lower_bound');
    const status = windowsOf(played, BORN, 'power.state').at(-1);
    expect(status).toMatchObject({ at: 370, end: 360 });
  });

  test('as nova does not say, waits for the grace', () => {
    const silent = log.filter(({ at, snapshot }) => at !== 326 || snapshot.instances.length === 0);
    expect(windowsOf(play(rules, silent), BORN, 'cpu.delta').at(-1)?.at).toBe(410);
  });

  test('and runs on all the same loses nothing, and is told', () => {
    const on = inOrder([
      ...log.map((sent) => {
        const { poll, source, instances } = sent.snapshot;
        const t = poll.startedAt / SECOND;
        if (source.kind === 'nova' || t < DELETED_AT) return sent;
        const zombie = running(t, BORN, (t - 132) * 1e9, { identity: { ...identity, projectId: 'p9' } });
        return hostPoll(t, [...instances, zombie]);
      }),
    ]);
    const { news, ...rest } = play(rules, on);
    const sum = windowsOf({ news, ...rest }, BORN, 'cpu.delta').reduce(
      (all, { sample }) => all + Number(sample.volume),
      0,
    );
    expect(sum).toBe((600 - 132) * 1e9);
    expect(news).toEqual([{ what: 'undead', key: uuid(BORN).toString('hex'), host: 'kvm1', project: 'p9' }]);
  });
});

test('an instance that nova says runs and nobody lists is told, once an hour', () => {
  const lost = inOrder([
    ...Array.from({ length: 900 }, (_, n) => hostPoll(10 * n, [running(10 * n, WEB, n)])),
    announcement(95, 7, { host: 'kvm7', projectId: 'p7' }),
    announcement(500, 7, { host: 'kvm7', projectId: 'p7' }),
    announcement(95.5, WEB),
  ]);
  const { news } = play(rules, lost);
  const told = { what: 'unmetered', key: uuid(7).toString('hex'), host: 'kvm7', project: 'p7' };
  expect(news).toEqual([told, told, told]);
});

test('a restart before any message gives the same, to the byte', () => {
  for (let offset = 1; offset < log.length; offset += 3)
    expect(play(rules, log, new Set([offset, offset + 1])).lines).toEqual(played.lines);
  expect(play(rules, log, new Set(log.keys())).lines).toEqual(played.lines);
  expect(played.lines.length).toBeGreaterThan(40);
});
