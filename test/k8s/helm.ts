import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { helm, helm3 } from '../services/service.ts';

export const CHART = new URL('../../k8s/chart', import.meta.url).pathname;

/** Values files that the chart comes with. */
export const EXAMPLES = ['minimal', 'trial', 'production', 'hpa', 'keda'] as const;
export const example = (name: string): string => `${CHART}/ci/${name}-values.yaml`;

/** Both majors of helm. */
export const HELMS = { 'helm 4': helm, 'helm 3': helm3 } as const;

/** A Kubernetes object, or any part of one. */
// biome-ignore lint/suspicious/noExplicitAny: tests look deep into objects of many kinds
export type Manifest = any;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is. */
export const run = (program: string, args: readonly string[], input?: string): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(program, args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end(input);
  });

let files = 0;
let directory: string | undefined;

/** Values as a file of their own. */
export function valuesFile(values: object): string {
  directory ??= mkdtempSync(join(tmpdir(), 'hypermeter-values-'));
  const file = join(directory, `${++files}.yaml`);
  // Helm reads YAML 1.1, where yes is true.
  writeFileSync(file, stringify(values, { version: '1.1' }));
  return file;
}

/** The objects that the chart makes of values files, in the order of helm. Throws what helm says. */
export async function rendered(values: readonly string[], program: string = helm): Promise<readonly Manifest[]> {
  const { code, stdout, stderr } = await template(values, program);
  if (code !== 0) throw new Error(stderr);
  return objectsIn(stdout);
}

export const template = (
  values: readonly string[],
  program: string = helm,
  more: readonly string[] = [],
): Promise<Ran> =>
  run(program, ['template', 'release', CHART, ...values.flatMap((file) => ['--values', file]), ...more]);

const objectsIn = (text: string): readonly Manifest[] =>
  [parseAllDocuments(text)]
    .flat()
    .map((document) => ('toJS' in document ? document.toJS() : null))
    .filter((object) => object !== null);

/** The pods that objects are templates of. */
export const podsOf = (objects: readonly Manifest[]): readonly Manifest[] =>
  objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet').map(({ spec }) => spec.template);

/** What a refusal says, a fault a line. */
export const faultsIn = (stderr: string): readonly string[] =>
  (stderr.split('the values cannot be installed:')[1] ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^[a-z][\w.[\]-]*: /i.test(line));
