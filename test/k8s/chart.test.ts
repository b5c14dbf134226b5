import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkConfig } from '../../pipeline/cli/check-config.ts';
import { schema } from '../../pipeline/cli/composition.ts';
import { loadConfig } from '../../pipeline/runtime/config/load.ts';
import { available } from '../services/service.ts';
import { CHART, EXAMPLES, example, HELMS, type Manifest, podsOf, rendered, run, template, valuesFile } from './helm.ts';

const dist = new URL('../../dist/pipeline/cli/main.js', import.meta.url).pathname;
const hasHelm = await available('helm');

describe.skipIf(!hasHelm)('the chart [helm]', () => {
  describe.each(Object.entries(HELMS))('under %s', (_, program) => {
    it.each(EXAMPLES)('passes lint --strict with the values of %s', async (name) => {
      const { code, stdout } = await run(program, ['lint', '--strict', CHART, '--values', example(name)]);
      expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]|Fail: /);
      expect(code).toBe(0);
    });

    it.each(EXAMPLES)('makes the objects of test/k8s/golden/%s.yaml (vitest -u prints it anew)', async (name) => {
      const objects = await rendered([example(name)], program);
      const text = objects.map((object) => stringify(withoutDashboards(object), { lineWidth: 0 })).join('---\n');
      await expect(text).toMatchFileSnapshot(`golden/${name}.yaml`);
    });
  });

  it('refuses to be installed without values, and says what it takes', async () => {
    const { code, stderr } = await template([]);
    expect(code).not.toBe(0);
    for (const word of [
      'config.kafka.brokers',
      'config.connectors: names no hypervisor',
      'config.sinks: names no destination',
    ])
      expect(stderr).toContain(word);
  });

  it('lets KEDA ask Prometheus what is not read yet, which a sink that is down does not add to', async () => {
    const keda = { prometheus: 'http://prometheus:9090' };
    const objects = await rendered([example('keda'), valuesFile({ pipeline: { keda } })]);
    expect(objects.find(({ kind }) => kind === 'ScaledObject').spec.triggers).toMatchObject([
      {
        type: 'prometheus',
        metadata: {
          serverAddress: 'http://prometheus:9090',
          query:
            'sum(hypermeter_kafka_consumer_lag_messages{namespace="default", pod=~"release-hypermeter-pipeline-[0-9]+"})',
          threshold: '500',
          activationThreshold: '100',
        },
      },
    ]);
  });

  it('says what to do next', async () => {
    const notes = async (name: string): Promise<string> =>
      (await run(HELMS['helm 4'], ['install', 'r', CHART, '--dry-run=client', '--values', example(name)])).stdout.split(
        'NOTES:',
      )[1] ?? '';
    expect(await notes('minimal')).toMatch(
      /Next: [\s\S]*rollout status statefulset\/r-hypermeter-pipeline[\s\S]*State is in memory/,
    );
    expect(await notes('trial')).toMatch(/NOT FOR PRODUCTION[\s\S]*logs deployment\/r-hypermeter-trial/);
  });
});

const withoutDashboards = (object: Manifest): Manifest =>
  object.metadata.name.endsWith('-dashboards') ? { ...object, data: Object.keys(object.data) } : object;

/** The files of a ConfigMap, as a pod finds them: secrets where they are mounted, variables in the environment. */
describe.skipIf(!hasHelm)('what the application is given [helm]', () => {
  const env = { VC1_PASSWORD: 'a', TELEMETRY_SECRET: 'b' };

  async function filesOf(name: string): Promise<readonly { readonly key: string; readonly file: string }[]> {
    const objects = await rendered([example(name)]);
    const directory = mkdtempSync(join(tmpdir(), 'hypermeter-pod-'));
    const map = objects.find(
      ({ kind, data }) => kind === 'ConfigMap' && Object.keys(data).some((key) => key.endsWith('.yaml')),
    );
    return Object.entries<string>(map.data).map(([key, text]) => {
      const file = join(directory, key);
      writeFileSync(file, text.replaceAll('/etc/hypermeter/secrets', `${directory}/secrets`));
      for (const [path] of readFileSync(file, 'utf8').matchAll(new RegExp(`${directory}/secrets/[\\w./-]+`, 'g'))) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, 'secret');
      }
      return { key, file };
    });
  }

  it.each(EXAMPLES)('is taken by the role that gets it, without a warning: %s', async (name) => {
    for (const { key, file } of await filesOf(name)) {
      const role = key.startsWith('collector') ? 'collect' : key.startsWith('pipeline') ? 'pipeline' : 'run';
      const { warnings } = loadConfig({ schema, file, env, check: checkConfig(role) });
      expect(warnings).toEqual([]);
      const told = execFileSync(process.execPath, [dist, 'check', '--no-connect', '-c', file], {
        env: { ...process.env, ...env },
      });
      expect(told.toString()).toContain('✓ configuration');
    }
  });

  it('is without the other role’s part, and so without its secrets', async () => {
    const files = await filesOf('production');
    expect(files.map(({ key }) => key)).toEqual(['collector.yaml', 'pipeline.yaml']);
    for (const { key, file } of files) {
      const text = readFileSync(file, 'utf8');
      if (key === 'pipeline.yaml') expect(text).not.toMatch(/^connectors:|vcenter|VC1_PASSWORD/m);
      else expect(text).not.toMatch(/^(pipeline|meters|state|sinks):|TELEMETRY_SECRET|rabbit/m);
    }
    const [collector, pipeline] = podsOf(await rendered([example('production')]));
    const mounts = (pod: Manifest): readonly string[] =>
      pod.spec.volumes.flatMap(({ secret }: Manifest) => secret?.secretName ?? []);
    expect(mounts(collector)).toEqual(['kafka', 'hypervisors', 'libvirt-pki']);
    expect(mounts(pipeline)).toEqual(['kafka', 'redis', 'telemetry']);
  });
});

/** The collectors' workload, their file as the program reads it, and their container. */
async function collectorsOf(values: object) {
  const objects = await rendered([example('minimal'), valuesFile(values)]);
  const workload = objects.find(
    ({ kind, metadata }) => /^(Deployment|StatefulSet)$/.test(kind) && metadata.name === 'release-hypermeter-collector',
  );
  const map = objects.find(({ kind, data }) => kind === 'ConfigMap' && 'collector.yaml' in data);
  const text: string = map.data['collector.yaml'];
  const file = valuesFile({});
  writeFileSync(file, text);
  const { config } = loadConfig({ schema, file, env: {}, check: checkConfig('collect') });
  return { workload, collector: config.collector, pod: workload.spec.template.spec };
}

describe.skipIf(!hasHelm)('collectors [helm]', () => {
  it('share the hypervisors by a group of the release’s own, and hand over one by one', async () => {
    const { workload, collector } = await collectorsOf({ collector: { replicas: 3 } });
    expect(workload.kind).toBe('Deployment');
    expect(workload.spec).toMatchObject({
      replicas: 3,
      minReadySeconds: 10,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    const name = 'hypermeter.collectors.default.release-hypermeter';
    expect(collector.group).toMatchObject({ topic: name, name });
    expect(collector.spool.directory).toBeUndefined();
  });

  it('keep what the configuration says of their group, and need none with a fixed part', async () => {
    const config = { collector: { group: { name: 'ours', sessionTimeout: '30s' } } };
    const { collector } = await collectorsOf({ config });
    expect(collector.group).toMatchObject({ name: 'ours', sessionTimeout: 30e6 });
    const fixed = await collectorsOf({ config: { collector: { shard: '2 of 3' } } });
    expect(fixed.collector).toMatchObject({ shard: { index: 1, count: 3 } });
    expect(fixed.collector.group).toBeUndefined();
  });

  it('may be replaced as Recreate, without what only a rolling update knows', async () => {
    const { workload } = await collectorsOf({ collector: { strategy: { type: 'Recreate' } } });
    expect(workload.spec.strategy).toEqual({ type: 'Recreate' });
  });

  it('have a spool on an emptyDir, which holds more than the program puts there', async () => {
    const { workload, collector, pod } = await collectorsOf({ collector: { spool: { enabled: true, size: '2Gi' } } });
    expect(workload.kind).toBe('Deployment');
    expect(collector.spool).toMatchObject({ directory: '/var/lib/hypermeter/spool', maxBytes: 1638 * 2 ** 20 });
    expect(pod.volumes).toContainEqual({ name: 'spool', emptyDir: { sizeLimit: '2Gi' } });
    expect(pod.containers[0].volumeMounts).toContainEqual({ name: 'spool', mountPath: '/var/lib/hypermeter/spool' });
  });

  it('have one on a claim each, as a StatefulSet', async () => {
    const spool = { enabled: true, volume: 'claim', storageClassName: 'fast' };
    const { workload, pod } = await collectorsOf({ collector: { spool, replicas: 2 } });
    expect(workload.kind).toBe('StatefulSet');
    expect(workload.spec.strategy).toBeUndefined();
    expect(workload.spec).toMatchObject({ serviceName: workload.metadata.name, podManagementPolicy: 'Parallel' });
    const [claim] = workload.spec.volumeClaimTemplates;
    expect(claim).toMatchObject({
      metadata: { name: 'spool' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
    });
    expect(pod.volumes.some(({ name }: Manifest) => name === 'spool')).toBe(false);
  });

  it('keep their names in the group where they are told to', async () => {
    const { workload, pod } = await collectorsOf({ collector: { staticMembership: true } });
    expect(workload.kind).toBe('StatefulSet');
    const instance = { name: 'HYPERMETER__COLLECTOR__GROUP__INSTANCE', value: '$(POD_NAME)' };
    expect(pod.containers[0].env).toContainEqual(instance);
    const file = valuesFile({ kafka: { brokers: ['k:9092'] }, collector: { group: {} } });
    const loaded = loadConfig({ schema, file, env: { [instance.name]: 'release-hypermeter-collector-0' } });
    expect(loaded.config.collector.group?.instance).toBe('release-hypermeter-collector-0');
  });

  it('have a budget for drains: one at a time', async () => {
    const objects = await rendered([example('production')]);
    const budget = objects.find(
      ({ kind, metadata }) => kind === 'PodDisruptionBudget' && /collector/.test(metadata.name),
    );
    const { spec } = objects.find(({ kind, metadata }) => kind === 'Deployment' && /collector/.test(metadata.name));
    expect(budget.spec).toMatchObject({ maxUnavailable: 1, selector: spec.selector });
  });
});

describe.skipIf(!hasHelm)('a trial [helm]', () => {
  it('has a Redis beside it where an image is named, as strict as the program’s container', async () => {
    const image = 'registry.example.org/redis:7.4';
    const objects = await rendered([example('trial'), valuesFile({ trial: { redis: { image } } })]);
    const [pod] = podsOf(objects);
    const [own, redis] = pod.spec.containers;
    expect(redis).toMatchObject({ name: 'redis', image, securityContext: own.securityContext });
    expect(redis.command).toEqual(expect.arrayContaining(['--bind', '127.0.0.1', '--maxmemory-policy', 'noeviction']));
    const map = objects.find(({ kind, data }) => kind === 'ConfigMap' && 'run.yaml' in data);
    expect(map.data['run.yaml']).toMatch(/state:\n {2}type: redis\n {2}url: redis:\/\/127\.0\.0\.1:6379/);
    expect((await rendered([example('trial')])).flatMap((each) => podsOf([each]))[0].spec.containers).toHaveLength(1);
  });
});

describe.skipIf(!hasHelm)('a change of values [helm]', () => {
  /** Names of workloads and the checksum of their configuration. */
  const checksums = async (change: object): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      (await rendered([example('production'), valuesFile(change)]))
        .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
        .map(({ metadata, spec }) => [metadata.name, spec.template.metadata.annotations['checksum/config']]),
    );
  const changed = async (change: object): Promise<readonly string[]> => {
    const [before, after] = await Promise.all([checksums({}), checksums(change)]);
    return Object.keys(before).filter((name) => before[name] !== after[name]);
  };

  it('of a window rolls out the pipelines and nothing else', async () => {
    const windows = [{ size: '5m', grace: '45s' }, { size: '60s' }, { size: '1h' }];
    expect(await changed({ config: { pipeline: { windows } } })).toEqual(['metering-pipeline']);
  });

  it('of the interval rolls out everything', async () => {
    expect(await changed({ config: { collector: { interval: '12s' } } })).toHaveLength(2);
  });

  it('of a replica count rolls out nothing', async () => {
    expect(await changed({ pipeline: { replicas: 5 } })).toEqual([]);
  });

  it('of the chart’s version alone leaves the pods as they are', async () => {
    for (const pod of podsOf(await rendered([example('production')])))
      expect(Object.keys(pod.metadata.labels).filter((label) => /version|chart/.test(label))).toEqual([]);
  });
});

const pods = hasHelm ? await Promise.all(EXAMPLES.map(async (name) => podsOf(await rendered([example(name)])))) : [];

describe.skipIf(!hasHelm)('every pod [helm]', () => {
  it.each(pods.flat().map((pod, index) => [index, pod] as const))('%i is as strict as it can be', (_, { spec }) => {
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.enableServiceLinks).toBe(false);
    // The program stops within 25 s.
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(spec.topologySpreadConstraints.length).toBeGreaterThan(0);
    const [{ image, securityContext, resources, startupProbe, livenessProbe, readinessProbe, volumeMounts }] =
      spec.containers;
    expect(image).toMatch(/[:@]/);
    expect(image).not.toMatch(/:latest$/);
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(resources).toMatchObject({
      requests: { cpu: expect.anything(), memory: expect.anything() },
      limits: { memory: expect.anything() },
    });
    // That Kafka is away must not restart anything.
    expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
      '/healthz',
      '/healthz',
      '/readyz',
    ]);
    for (const { name, readOnly } of volumeMounts) if (/^(config|secret-)/.test(name)) expect(readOnly).toBe(true);
  });

  it('has a heap that fits its memory', async () => {
    const heaps = podsOf(await rendered([example('minimal')])).map(
      ({ spec }) => spec.containers[0].env.find(({ name }: Manifest) => name === 'NODE_OPTIONS')?.value,
    );
    expect(heaps).toEqual(['--max-old-space-size=384', '--max-old-space-size=768']);
  });

  it('of the pipelines keeps its name in the group where it is told to', async () => {
    const env = podsOf(await rendered([example('production')])).map(({ spec }) => spec.containers[0].env);
    const instance = { name: 'HYPERMETER__KAFKA__GROUPINSTANCE', value: '$(POD_NAME)' };
    expect(env.map((entries) => entries.some(({ name }: Manifest) => name === instance.name))).toEqual([false, true]);
    expect(env[1]).toContainEqual(instance);
    const written = valuesFile({ kafka: { brokers: ['k:9092'] } });
    const loaded = loadConfig({ schema, file: written, env: { [instance.name]: 'metering-pipeline-0' } });
    expect(loaded.config.kafka.groupInstance).toBe('metering-pipeline-0');
  });
});

describe.skipIf(!hasHelm)('the page of all pods [helm]', () => {
  const pageOf = async (values: object, name: 'minimal' | 'production' | 'trial' = 'minimal') => {
    const objects = await rendered([example(name), valuesFile({ page: { enabled: true }, ...values })]);
    const of = (kind: string) =>
      objects.find((object) => object.kind === kind && object.metadata.name.endsWith('-page'));
    const policy = objects.find(({ kind }) => kind === 'NetworkPolicy');
    return { deployment: of('Deployment'), service: of('Service'), policy, objects };
  };

  it('is not there unless it is asked for', async () => {
    const objects = await rendered([example('minimal')]);
    expect(objects.filter(({ metadata }) => metadata.name.endsWith('-page'))).toEqual([]);
  });

  it('is one pod that looks for the others by their names, with what restricted pods may have', async () => {
    const { deployment, service, objects } = await pageOf({});
    const [container] = deployment.spec.template.spec.containers;
    expect(deployment.spec.replicas).toBe(1);
    expect(container.args).toEqual([
      'page',
      'dns:release-hypermeter-collector:9464',
      'dns:release-hypermeter-pipeline:9464',
      '--listen',
      '0.0.0.0:9465',
    ]);
    const named = container.args.flatMap((word: string) => /^dns:([^:]+)/.exec(word)?.[1] ?? []);
    for (const name of named)
      expect(objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name).spec).toMatchObject({
        clusterIP: 'None',
        publishNotReadyAddresses: true,
      });
    const { spec } = deployment.spec.template;
    const [pipeline] = podsOf(objects.filter(({ kind }) => kind === 'StatefulSet'));
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toEqual(pipeline.spec.securityContext);
    expect(container.securityContext).toEqual(pipeline.spec.containers[0].securityContext);
    expect(spec.volumes).toEqual([{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }]);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      expect(container[probe].httpGet.port).toBe('ops');
    expect(service.spec).toMatchObject({ type: 'ClusterIP', selector: deployment.spec.selector.matchLabels });
    // Prometheus takes the ports that are named ops.
    expect(service.spec.ports).toEqual([{ name: 'page', port: 9465, targetPort: 'ops', protocol: 'TCP' }]);
  });

  it('takes the addresses of the program: another port, IPv6, the pod of a trial', async () => {
    const six = await pageOf({ config: { ops: { listen: '[::]:9999' } } });
    expect(six.deployment.spec.template.spec.containers[0].args).toEqual([
      'page',
      'dns:release-hypermeter-collector:9999',
      'dns:release-hypermeter-pipeline:9999',
      '--listen',
      '[::]:9465',
    ]);
    const trial = await pageOf({}, 'trial');
    expect(trial.deployment.spec.template.spec.containers[0].args[1]).toBe('dns:release-hypermeter-trial:9464');
  });

  it('may reach the others where a NetworkPolicy says who may', async () => {
    const page = { 'app.kubernetes.io/component': 'page' };
    const open = await pageOf({});
    expect(open.policy.spec.ingress).toHaveLength(1);
    const { policy, deployment } = await pageOf({}, 'production');
    expect(policy.spec.ingress[1]).toMatchObject({
      ports: [{ port: 'ops', protocol: 'TCP' }],
      from: [{ podSelector: { matchLabels: page } }],
    });
    expect(policy.spec.egress[1]).toEqual({
      ports: [{ port: 'ops', protocol: 'TCP' }],
      to: [{ podSelector: { matchLabels: policy.spec.podSelector.matchLabels } }],
    });
    expect(deployment.spec.template.metadata.labels).toMatchObject({ ...page, team: 'billing' });
  });

  it('is refused where the pods have no page, and is told of in the notes', async () => {
    const { code, stderr } = await template([
      example('minimal'),
      valuesFile({ page: { enabled: true }, config: { ops: { page: false } } }),
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('page.enabled: shows what each pod tells its own page, and config.ops.page is false');
    const words = ['--dry-run=client', '--values', example('minimal'), '--set', 'page.enabled=true'];
    const { stdout } = await run(HELMS['helm 4'], ['install', 'r', CHART, ...words]);
    expect(stdout).toContain('port-forward service/r-hypermeter-page 9465');
  });

  it.each(Object.entries(HELMS))('passes lint --strict under %s', async (_, program) => {
    const { code, stdout } = await run(program, [
      'lint',
      '--strict',
      CHART,
      '--values',
      example('production'),
      '--set',
      'page.enabled=true',
    ]);
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]|Fail: /);
    expect(code).toBe(0);
  });
});
