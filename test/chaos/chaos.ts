import { script } from '../script.ts';

/** `npm run chaos -- WHAT …`: the long trials, each a file of this folder with words of its own. */
const TRIALS: Readonly<Record<string, () => Promise<unknown>>> = {
  collectors: () => import('./collectors.ts'),
  storm: () => import('./storm.ts'),
};
const NOTES = `Trials:
  collectors  three collectors share a fleet, and are killed, stopped and cut off: polls made, missed, doubled
  storm       pipelines, a collector, a broker and a Redis to which things happen at random: what it costs

Their options: npm run chaos -- collectors --help`;

const trial = TRIALS[process.argv[2] ?? ''];
if (trial === undefined) {
  script('npm run chaos --', 'Breaks what Hypermeter stands on, and counts.', NOTES)
    .argument('<trial>')
    .action((name, _, command) => command.error(`error: there is no trial "${name}"`))
    .parse();
} else {
  process.argv.splice(2, 1);
  await trial();
}
