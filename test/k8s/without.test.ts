import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkConfig } from '../../pipeline/cli/check-config.ts';
import { schema } from '../../pipeline/cli/composition.ts';
import { loadConfig } from '../../pipeline/runtime/config/load.ts';
import { available } from '../services/service.ts';
import { CHART } from './helm.ts';

const folder = `${CHART}/../without`;
const work = mkdtempSync(join(tmpdir(), 'hypermeter-without-'));

describe('the compose file', () => {
  const { services, configs } = parse(readFileSync(`${folder}/compose.yaml`, 'utf8'), { merge: true });

  it.each(['collect', 'pipeline'] as const)('gives %s a configuration that it takes', (role) => {
    writeFileSync(join(work, 'telemetry'), 'secret');
    const file = join(work, `${role}.yaml`);
    writeFileSync(file, configs.hypermeter.content.replaceAll('$$', '$').replace('/run/secrets', work));
    expect(loadConfig({ schema, file, env: {}, check: checkConfig(role) }).warnings).toEqual([]);
  });

  it('is as strict as the chart', () => {
    for (const name of ['collector', 'pipeline'])
      expect(services[name]).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        stop_grace_period: '45s',
        restart: 'unless-stopped',
        extra_hosts: ['host.docker.internal:host-gateway'],
        security_opt: ['no-new-privileges:true'],
      });
  });
});

describe('the images', () => {
  it('name their user, without which ssh does not run', () => {
    for (const file of ['../image/root.sh', '../../Dockerfile']) {
      const text = readFileSync(`${CHART}/${file}`, 'utf8');
      expect(text, file).toContain('hypermeter:x:65532:65532::/tmp:/sbin/nologin');
      expect(text, file).toContain('/etc/passwd');
    }
  });
});

describe.skipIf(!(await available('systemd')))('the systemd unit [systemd]', () => {
  const unit = join(work, 'hypermeter@collect.service');
  // The program is not installed here; whether it can be executed is all that differs.
  writeFileSync(unit, readFileSync(`${folder}/hypermeter@.service`, 'utf8').replace('/usr/bin/node', process.execPath));

  it('is valid', () => {
    expect(execFileSync('systemd-analyze', ['verify', '--man=no', unit], { stdio: 'pipe' }).toString()).toBe('');
  });

  it('exposes next to nothing, by systemd’s own measure', () => {
    const told = execFileSync('systemd-analyze', ['security', '--offline=true', unit]).toString();
    expect(Number(/exposure level for .*: ([\d.]+)/.exec(told)?.[1])).toBeLessThan(2);
  });

  it('gives the program the time to stop, and does not try a wrong configuration again', () => {
    const text = readFileSync(unit, 'utf8');
    expect(Number(/TimeoutStopSec=(\d+)/.exec(text)?.[1])).toBeGreaterThan(30);
    expect(text).toMatch(/^RestartPreventExitStatus=64 78$/m);
  });

  it('tries again for as long as Kafka is away', () => {
    const text = readFileSync(unit, 'utf8');
    expect(text).toMatch(/^Restart=on-failure$/m);
    expect(text).toMatch(/^StartLimitIntervalSec=0$/m);
  });
});
