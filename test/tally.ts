import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { provide } from './services/service.ts';

/** Ends a run with what was skipped, how to provide it, and `N passed, N failed` alone on the last line. */
export class Tally implements Reporter {
  #modules: readonly TestModule[] = [];
  #broken = 0;

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    this.#modules = modules;
    this.#broken = errors.length;
    process.once('beforeExit', () => undefined);
    this.#print();
  }

  #print(): void {
    const count = { passed: 0, failed: this.#broken, skipped: 0 };
    const missing = new Map<string, number>();
    for (const module of this.#modules) {
      // A file that could not even be collected has no tests to count as failed.
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === 'passed' || state === 'failed' || state === 'skipped') count[state]++;
        if (state === 'skipped') for (const name of needs(test)) missing.set(name, (missing.get(name) ?? 0) + 1);
      }
    }
    const lines = [...missing].map(
      ([name, tests]) => `SKIPPED ${tests} tests that need ${name}. To run them: ${provide(name)}, then npm test`,
    );
    const tally = `${count.passed} passed, ${count.failed} failed`;
    lines.push(count.skipped > 0 ? `${tally}, ${count.skipped} skipped` : tally);
    process.stdout.write(`\n${lines.join('\n')}\n`);
  }
}

const needs = (test: TestCase): readonly string[] => [
  ...new Set([...test.fullName.matchAll(/\[(\w+)\]/g)].flatMap(([, name]) => (name && provide(name) ? [name] : []))),
];

// vitest takes a reporter from a file by its default export only.
// biome-ignore lint/style/noDefaultExport: see above
export default Tally;
