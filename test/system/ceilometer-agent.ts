import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { ceilometerPython } from '../services/service.ts';

const run = promisify(execFile);
const script = (name: string) => fileURLToPath(new URL(`../services/ceilometer/${name}`, import.meta.url));
/** Its libraries warn of each other's age. */
const env = { ...process.env, PYTHONWARNINGS: 'ignore' };

/** A sample as the agent's file publisher writes it, its volume as text of exact digits. */
export interface Accepted {
  readonly id: string;
  readonly name: string;
  readonly volume: string;
}

export interface Agent {
  /** What it accepted so far, without what was sent to find out whether it listens. */
  accepted(): readonly Accepted[];
  /** What it says. */
  log(): string;
}

const PROBE = 'probe.of.the.test';

/**
 * The real `ceilometer-agent-notification`, listening for the topic on an oslo transport and writing what it accepts to a
 * file; resolves when it listens, and is ended with the test.
 */
export async function startAgent(transportUrl: string, topic: string): Promise<Agent> {
  const directory = mkdtempSync(join(tmpdir(), 'hypermeter-agent-'));
  const out = join(directory, 'accepted.jsonl');
  const log = join(directory, 'agent.log');
  writeFileSync(
    join(directory, 'ceilometer.conf'),
    [
      ...['[DEFAULT]', `log_file = ${log}`, 'use_stderr = false', `transport_url = ${transportUrl}`],
      ...[`pipeline_cfg_file = ${directory}/pipeline.yaml`, `event_pipeline_cfg_file = ${directory}/events.yaml`],
      // With several exchanges an agent on Kafka subscribes to one topic several times, which its client refuses.
      ...['[notification]', `messaging_urls = ${transportUrl}`, 'notification_control_exchanges = ceilometer'],
      ...['[oslo_messaging_notifications]', `topics = ${topic}`],
      ...['[oslo_messaging_kafka]', `consumer_group = ${topic}.agent`],
    ].join('\n'),
  );
  const pipeline = (what: string, file: string) =>
    JSON.stringify({
      sources: [{ name: 'all', [what]: ['*'], sinks: ['out'] }],
      sinks: [{ name: 'out', publishers: [`file://${file}?json`] }],
    });
  writeFileSync(join(directory, 'pipeline.yaml'), pipeline('meters', out));
  writeFileSync(join(directory, 'events.yaml'), pipeline('events', `${directory}/events.jsonl`));
  const probe = () => run(ceilometerPython, [script('probe.py'), transportUrl, topic, PROBE], { env });
  // A consumer of Kafka that comes before its topic would look for it again in minutes only.
  await probe();
  const command = join(dirname(ceilometerPython), 'ceilometer-agent-notification');
  const agent = spawn(command, ['--config-file', join(directory, 'ceilometer.conf')], { env, stdio: 'ignore' });
  onTestFinished(async () => {
    agent.kill('SIGTERM');
    const late = setTimeout(() => agent.kill('SIGKILL'), 15_000);
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
    clearTimeout(late);
    rmSync(directory, { recursive: true, force: true });
  });
  const lines = () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').slice(0, -1).map(acceptedOf) : []);
  // Kafka's consumers begin with what comes after them: it listens when it has taken one.
  await expect
    .poll(
      async () => {
        expect(agent.exitCode, existsSync(log) ? readFileSync(log, 'utf8') : '').toBeNull();
        await probe();
        return lines().length;
      },
      { timeout: 90_000, interval: 1000 },
    )
    .toBeGreaterThan(0);
  return {
    accepted: () => lines().filter(({ name }) => name !== PROBE),
    // A cache that is not installed is no matter of samples.
    log: () => readFileSync(log, 'utf8').replace(/^.*ERROR stevedore\.extension.*$/gm, ''),
  };
}

/** The volume's own digits: JSON.parse would round them. */
function acceptedOf(line: string): Accepted {
  const { id, name } = JSON.parse(line);
  return { id, name, volume: /"volume": ([^,]+),/.exec(line)?.[1] ?? '' };
}

export interface Verified {
  readonly message_id: string;
  readonly counter_name: string;
  /** Python's repr. */
  readonly counter_volume: string;
  readonly signed: boolean;
  /** Its message's place among all. */
  readonly message: number;
}

/** What goes over a transport, with the verdict of Ceilometer's own `verify_signature`; listens until the test ends. */
export async function startVerifier(secret: string, ...where: readonly string[]): Promise<readonly Verified[]> {
  const child = spawn(ceilometerPython, [script('verify.py'), secret, ...where], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  const seen: Verified[] = [];
  const lines = createInterface(child.stdout);
  await once(lines, 'line');
  lines.on('line', (line) => seen.push(JSON.parse(line)));
  return seen;
}
