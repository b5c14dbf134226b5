import { redactUrls } from '../runtime/config/redact.ts';
import { printable } from './table.ts';
import { type Terminal, writeLine } from './terminal.ts';

/** How it stands with something that was looked at. */
const STANDINGS = ['good', 'odd', 'bad', 'unknown'] as const;
export type Standing = (typeof STANDINGS)[number];

const MARKS: Readonly<Record<Standing, readonly [sign: string, color: string]>> = {
  good: ['✓', '32'],
  odd: ['!', '33'],
  bad: ['✗', '31'],
  unknown: ['?', '36'],
};

/** Prints a ticked line, and below it what to do or to think of; without passwords of addresses. */
export async function writeTick(
  { stdout }: Pick<Terminal, 'stdout'>,
  isColored: boolean,
  standing: Standing,
  line: string,
  below: readonly string[],
): Promise<void> {
  const [sign, color] = MARKS[standing];
  const mark = isColored ? `\u001b[${color}m${sign}\u001b[0m` : sign;
  await writeLine(stdout, `${mark} ${printable(redactUrls(line))}`);
  for (const text of below) await writeLine(stdout, printable(redactUrls(`    ${text}`)));
}
