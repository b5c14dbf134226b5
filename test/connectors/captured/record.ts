import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from './captured.ts';
import { fakeHyperv } from './hyperv-place.ts';
import { fakePool, fakeVcenter, type Place, vcsim } from './places.ts';

/**
 * `node dist/test/connectors/captured/record.js test/connectors/captured/golden`: records anew what is kept there, or the one that is
 * named after it; a minute each. */
const [golden = 'test/connectors/captured/golden', only] = process.argv.slice(2);
/** Of the groups that hypermeter reads, and of the rollups. */
const READ =
  /<groupInfo[^>]*>(?:(?!<\/groupInfo>).)*<key>(?:cpu|mem|net|virtualDisk)<\/key><\/groupInfo>.*<rollupType>(?:average|summation)</s;
const COUNTER = /<PerfCounterInfo[^>]*>.*?<\/PerfCounterInfo>/gs;

const places: Readonly<Record<string, () => Promise<Place | undefined>>> = {
  'fake-vcenter': fakeVcenter,
  'fake-pool': fakePool,
  'fake-hyperv': fakeHyperv,
  vcsim,
};
for (const [name, open] of Object.entries(places)) {
  if (only !== undefined && only !== name) continue;
  const place = await open();
  if (place === undefined) {
    process.stderr.write(`${name} is not there: left as it is\n`);
    continue;
  }
  const folder = join(golden, name);
  rmSync(folder, { recursive: true, force: true });
  const { code, stderr } = await capture(place, folder);
  process.stderr.write(stderr);
  if (code !== 0) process.exitCode = code;
  thinOut(folder);
  await place.close();
}

/** The table of counters is a third of a megabyte, most of it of storage that is not read: left out, so that a repository can hold it. */
function thinOut(folder: string): void {
  for (const file of readdirSync(join(folder, 'exchanges'))) {
    if (!file.endsWith('RetrievePropertiesEx.answer')) continue;
    const path = join(folder, 'exchanges', file);
    const answer = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      answer.replace(COUNTER, (counter) => (READ.test(counter) ? counter : '')),
    );
  }
}
