import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../services/api-server.ts';
import { available, kubectl } from '../services/service.ts';
import { CHART, EXAMPLES, example, HELMS, type Manifest, podsOf, type Ran, rendered, run, valuesFile } from './helm.ts';

/** Kinds of operators that are not here: as much of them as takes an object. */
const FOREIGN = [
  ['monitoring.coreos.com', 'v1', 'ServiceMonitor', 'servicemonitors'],
  ['monitoring.coreos.com', 'v1', 'PrometheusRule', 'prometheusrules'],
  ['keda.sh', 'v1alpha1', 'ScaledObject', 'scaledobjects'],
] as const;

const definition = ([group, version, kind, plural]: (typeof FOREIGN)[number]): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

const there = (await available('kubernetes')) && (await available('helm'));

describe.skipIf(!there)('a real API server [kubernetes]', () => {
  let server: ApiServer;
  const ask = (args: readonly string[], input?: unknown): Promise<Ran> =>
    run(kubectl, ['--kubeconfig', server.kubeconfig, ...args], input === undefined ? undefined : JSON.stringify(input));
  const list = (items: readonly Manifest[]): object => ({ apiVersion: 'v1', kind: 'List', items });
  const helmDoes = (program: string, namespace: string, args: readonly string[]): Promise<Ran> =>
    run(program, ['--kubeconfig', server.kubeconfig, '--namespace', namespace, ...args]);

  /** A namespace whose pods must be as strict as there is. */
  async function restricted(name: string): Promise<string> {
    const labels = {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'latest',
    };
    await ask(['apply', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
    return name;
  }

  beforeAll(async () => {
    server = await startApiServer();
    const priority = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'metering' },
      value: 1000,
    };
    const { stderr } = await ask(['apply', '-f', '-'], list([...FOREIGN.map(definition), priority]));
    expect(stderr).toBe('');
    for (const [group, , , plural] of FOREIGN)
      await ask(['wait', '--for=condition=Established', '--timeout=30s', `crd/${plural}.${group}`]);
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
  });

  it.each(EXAMPLES)('takes every object of %s, no field unknown, none wrong', async (name) => {
    const objects = await rendered([example(name)]);
    for (const object of objects) object.metadata.namespace = await restricted(`apply-${name}`);
    const dry = await ask(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
      list(objects),
    );
    expect(dry.stderr).toBe('');
    const { code, stdout, stderr } = await ask(
      ['apply', '--server-side', '--validate=strict', '-f', '-'],
      list(objects),
    );
    // A warning would be of Pod Security or of a deprecated kind.
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(objects.length);
  });

  it.each(EXAMPLES)('takes the pods of %s under Pod Security restricted', async (name) => {
    const namespace = await restricted(`pods-${name}`);
    const objects = await rendered([example(name)]);
    const account = objects.find(({ kind }) => kind === 'ServiceAccount');
    await ask(['apply', '-f', '-'], { ...account, metadata: { ...account.metadata, namespace } });
    for (const [index, { metadata, spec }] of podsOf(objects).entries()) {
      // What a StatefulSet's controller would add.
      const claims = spec.containers[0].volumeMounts
        .filter((mount: Manifest) => !spec.volumes.some((volume: Manifest) => volume.name === mount.name))
        .map((mount: Manifest) => ({ name: mount.name, emptyDir: {} }));
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name: `pod-${index}`, namespace },
        spec: { ...spec, volumes: [...spec.volumes, ...claims] },
      };
      const { code, stderr } = await ask(['create', '--validate=strict', '-f', '-'], pod);
      expect(stderr).toBe('');
      expect(code).toBe(0);
    }
  });

  it('refuses what is less strict, so that the test above says something', async () => {
    const namespace = await restricted('less');
    const values = valuesFile({ securityContext: { allowPrivilegeEscalation: true, capabilities: null } });
    const [{ metadata, spec }] = podsOf(await rendered([example('minimal'), values]));
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, name: 'pod', namespace },
      spec: { ...spec, serviceAccountName: 'default' },
    };
    await ask(['apply', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    });
    const { code, stderr } = await ask(['create', '-f', '-'], pod);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/violates PodSecurity "restricted:latest"/);
  });

  it.each(Object.entries(HELMS))('%s installs, changes a window, and rolls back', async (name, program) => {
    const namespace = await restricted(name.replace(' ', '-'));
    const set = async (): Promise<Manifest> =>
      JSON.parse((await ask(['-n', namespace, 'get', 'statefulset/metering-pipeline', '-o', 'json'])).stdout);
    const windowsOf = async (): Promise<string> =>
      JSON.parse((await ask(['-n', namespace, 'get', 'configmap/metering', '-o', 'json'])).stdout).data[
        'pipeline.yaml'
      ];
    const checksum = ({ spec }: Manifest): string => spec.template.metadata.annotations['checksum/config'];
    const other = valuesFile({
      config: { pipeline: { windows: [{ size: '5m', grace: 'auto' }, { size: '1h' }] }, sinks: [{ type: 'stdout' }] },
    });

    const installed = await helmDoes(program, namespace, ['install', 'r', CHART, '--values', example('production')]);
    expect(installed.stderr).toBe('');
    expect(installed.stdout).toContain('STATUS: deployed');
    const first = await set();

    const upgraded = await helmDoes(program, namespace, [
      'upgrade',
      'r',
      CHART,
      '--values',
      example('production'),
      '--values',
      other,
    ]);
    expect(upgraded.code, upgraded.stderr).toBe(0);
    const second = await set();
    expect(await windowsOf()).toContain('size: 5m');
    expect(checksum(second)).not.toBe(checksum(first));
    // The same set goes on, so its pods are replaced one by one.
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect(second.metadata.generation).toBe(2);

    const refused = await helmDoes(program, namespace, [
      'upgrade',
      'r',
      CHART,
      '--values',
      example('production'),
      '--set',
      'config.pipeline.window=5m',
    ]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('config.pipeline.window: unknown key; did you mean "windows"?');
    expect(checksum(await set())).toBe(checksum(second));

    const back = await helmDoes(program, namespace, ['rollback', 'r', '1']);
    expect(back.code, back.stderr).toBe(0);
    expect(checksum(await set())).toBe(checksum(first));
    expect(await windowsOf()).toContain('size: 60s');
    expect((await helmDoes(program, namespace, ['uninstall', 'r'])).code).toBe(0);
    expect(
      (
        await ask([
          '-n',
          namespace,
          'get',
          'all,configmap,pdb,networkpolicy',
          '-o',
          'name',
          '-l',
          'app.kubernetes.io/instance=r',
        ])
      ).stdout,
    ).toBe('');
  });
});
