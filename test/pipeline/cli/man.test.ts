import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandDocs } from '../../../pipeline/cli/command-docs.ts';
import { parts } from '../../../pipeline/cli/composition.ts';
import { flattened, manualOf } from '../../../pipeline/cli/manual.ts';
import { createProgram } from '../../../pipeline/cli/program.ts';
import { available } from '../../services/service.ts';
import { aTerminal } from './a-terminal.ts';
import { runWith } from './test-parts.ts';

const terminal = aTerminal();
const manual = manualOf(createProgram(parts, terminal));
const page = async (): Promise<string> => (await runWith(parts, ['man'])).stdout;

it('docs/commands.md is what the program prints (vitest -u prints it anew)', async () => {
  await expect(commandDocs(manual)).toMatchFileSnapshot('../../../docs/commands.md');
});

const isThere = await available('mandoc');

describe('the manual page', () => {
  it('has every command with every option', async () => {
    const text = (await page()).replaceAll('\\-', '-').replaceAll(/\\f[BIR]/g, '');
    for (const { words, options } of flattened(manual)) {
      expect(text).toContain(['hypermeter', ...words].join(' '));
      for (const { names } of options) for (const name of names) expect(text).toContain(name);
    }
  });

  it.skipIf(!isThere)('is sound to mandoc, and says what the program says [mandoc]', async () => {
    const input = await page();
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input });
    // It has no date of its own: the version says which it is.
    expect(
      stdout
        .toString()
        .split('\n')
        .filter((line) => line !== '' && !line.includes('missing date')),
    ).toEqual([]);
    const shown = execFileSync('mandoc', ['-T', 'utf8'], { input })
      .toString()
      // Bold and italic are struck over.
      .replaceAll(new RegExp(`.${String.fromCharCode(8)}`, 'g'), '');
    expect(shown).toMatch(/^HYPERMETER\(1\)/);
    expect(shown).toContain('hypermeter replay [options] [files...]');
    expect(shown).toContain('--warm-up <duration>');
    expect(shown).toMatch(/hypermeter replay raw\.avro -c hypermeter\.yaml --dry-run -o json/);
    expect(shown).toMatch(/78 +The configuration is wrong/);
  });
});
