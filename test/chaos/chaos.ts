/** `npm run chaos -- WHAT …`: the long trials, each a file of this folder. */
const TRIALS: Readonly<Record<string, () => Promise<unknown>>> = {
  collectors: () => import('./collectors.ts'),
  storm: () => import('./storm.ts'),
};

const [what = ''] = process.argv.splice(2, 1);
const trial = TRIALS[what];
if (trial === undefined) {
  process.stderr.write(`usage: npm run chaos -- ${Object.keys(TRIALS).join(' | ')} [options]\n`);
  process.exitCode = 64;
} else await trial();
