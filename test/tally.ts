import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestCase, TestModule, TestRunEndReason } from 'vitest/node';
import { provide } from './services/service.ts';

/** Ends a run with what failed, what was skipped and how to provide it, and `N passed, N failed` alone on the last line. */
export class Tally implements Reporter {
  readonly #ended: TestModule[] = [];

  constructor() {
    // Told to stop, as by a gate whose time is up: what has ended counts.
    process.once('SIGTERM', () => {
      this.onTestRunEnd(this.#ended, [], 'interrupted');
      process.exit(143);
    });
  }

  onTestModuleEnd(module: TestModule): void {
    this.#ended.push(module);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: 'passed' | 'failed' | 'skipped') => tests.filter((test) => test.result().state === state);
    const broken = modules.flatMap(brokenIn);
    const failed = inState('failed').length + broken.length + errors.length;
    // A run whose set-up failed has neither tests nor errors.
    const tally = `${inState('passed').length} passed, ${reason === 'failed' ? Math.max(1, failed) : failed} failed`;
    const skipped = inState('skipped');
    const unhandled = errors.map((error) => `FAILED outside of any test: ${lineOf(error)}`);
    const lines = [...unsteady(tests), ...broken, ...modules.flatMap(failures), ...unhandled, ...told(skipped)];
    lines.push(skipped.length > 0 ? `${tally}, ${skipped.length} skipped` : tally);
    process.stdout.write(`\n${lines.join('\n')}\n`);
  }
}

/** A file that could not even be collected, or a hook that failed: no test of theirs counts as failed, but as skipped. */
function brokenIn(module: TestModule): readonly string[] {
  const told = (name: string, errors: readonly unknown[]) => errors.map((error) => `FAILED ${name}: ${lineOf(error)}`);
  const suites = [...module.children.allSuites()];
  return [
    ...told(module.relativeModuleId, module.errors()),
    ...suites.flatMap((suite) => told(`${module.relativeModuleId} > ${suite.fullName}`, suite.errors())),
  ];
}

/** Each failed test, on a line with why. */
const failures = (module: TestModule): readonly string[] =>
  [...module.children.allTests('failed')].map(
    (test) => `FAILED ${module.relativeModuleId} > ${test.fullName}: ${lineOf(test.result().errors?.[0])}`,
  );

/** Each test that failed at first and passed when it was tried again. */
const unsteady = (tests: readonly TestCase[]): readonly string[] =>
  tests
    .filter((test) => test.diagnostic()?.flaky)
    .map((test) => `UNSTEADY ${test.module.relativeModuleId} > ${test.fullName}: ${lineOf(test.result().errors?.[0])}`);

/** Enough of a message to know the failure again, on one line: of a long one both ends. */
function lineOf(error: unknown): string {
  const message = error instanceof Object && 'message' in error ? String(error.message) : String(error);
  const line = stripVTControlCharacters(message)
    .trim()
    .replaceAll(/\s*\n\s*/g, ' | ');
  return line.length <= 2 * END ? line : `${line.slice(0, END)} […] ${line.slice(-END)}`;
}

const END = 300;

/** More skipped tests than this are not named: a run of a single test skips all others of its file. */
const NAMED = 10;

/** What to say of skipped tests: by the service that they need, else each by name. */
function told(skipped: readonly TestCase[]): readonly string[] {
  const missing = new Map<string, number>();
  const others: string[] = [];
  for (const test of skipped) {
    const names = needs(test);
    for (const name of names) missing.set(name, (missing.get(name) ?? 0) + 1);
    if (names.length === 0) others.push(`SKIPPED ${test.fullName}`);
  }
  const services = [...missing].map(
    ([name, tests]) =>
      `SKIPPED ${tests === 1 ? '1 test that needs' : `${tests} tests that need`} ${name}. To run: ${provide(name)}, then npm test`,
  );
  return [...services, ...(others.length > NAMED ? [`SKIPPED ${others.length} tests`] : others)];
}

const needs = (test: TestCase): readonly string[] => [
  ...new Set([...test.fullName.matchAll(/\[(\w+)\]/g)].flatMap(([, name]) => (name && provide(name) ? [name] : []))),
];

// vitest takes a reporter from a file by its default export only.
// biome-ignore lint/style/noDefaultExport: see above
export default Tally;
