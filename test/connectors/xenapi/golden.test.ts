import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeEvents } from '../../../connectors/xenapi/events.ts';
import { type Answer, harvest } from '../../../connectors/xenapi/harvest.ts';
import { chooseIds, hostInstance, instanceOf } from '../../../connectors/xenapi/instance.ts';
import { Inventory, isOn } from '../../../connectors/xenapi/inventory.ts';
import { decodeRrdAnswer } from '../../../connectors/xenapi/rrd-answer.ts';
import { expectedText, plain } from '../golden.ts';

const FOLDER = new URL('./golden/', import.meta.url);
const KEYS = { resourceId: 'nova_uuid', projectId: null, projectName: null, userId: null, userName: null };

/**
 * The reply of `event.from` and of each host's `/rrd_updates`, after the formats that the sources of XAPI have: none of
 * them was recorded on a real host.
 */
describe('replies', () => {
  it.each(readdirSync(FOLDER))('%s', async (name) => {
    const file = (path: string): URL => new URL(`${name}/${path}`, FOLDER);
    const inventory = new Inventory();
    const { changes, counts } = decodeEvents(JSON.parse(readFileSync(file('events.json'), 'utf8')));
    expect(inventory.apply(changes)).toBe(0);
    expect(inventory.agreesWith(counts)).toBe(true);
    const answers: Answer[] = [];
    for (const host of inventory.hosts())
      answers.push({
        host: host.uuid,
        updates: await decodeRrdAnswer(createReadStream(file(`${host.name}.rrd`))),
        at: 0,
      });
    const guests = inventory.guests();
    const on = guests.filter(({ state }) => isOn(state));
    const untilS = Number.POSITIVE_INFINITY;
    const context = {
      stepS: 60,
      regularS: 60,
      marks: new Map(),
      untilS,
      runningSince: new Map(),
      isSettled: () => true,
    };
    const { crops, counts: tally } = harvest(answers, on, inventory.hosts(), context);
    const ids = chooseIds(guests, KEYS.resourceId, new Map());
    const seen = {
      counts: tally,
      hosts: inventory.hosts().map((host) => hostInstance(host, crops.get(host.uuid))),
      instances: guests.map((guest) => instanceOf(guest, ids.get(guest.uuid) ?? '', crops.get(guest.uuid), KEYS)),
    };
    const text = expectedText(plain(seen));
    await expect(text).toMatchFileSnapshot(file('expected.json').pathname);
  });
});
