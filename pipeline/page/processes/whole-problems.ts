import type { Problem } from '../model.ts';
import type { Member } from './member.ts';
import { unreadPartitions } from './merge-pipeline.ts';

/** Clocks that are further apart have ages and hand-overs look other than they are, milliseconds. */
const APART_MS = 5000;
/** As many partitions are named. */
const NAMED = 8;

/** What is wrong with the processes themselves, errors first. `lost`: names that lead to none, with why. */
export function processProblems(members: readonly Member[], lost: readonly string[]): readonly Problem[] {
  return [
    ...lost.map((text): Problem => ({ severity: 'error', text, view: 'processes' })),
    ...members.flatMap((member): readonly Problem[] => {
      const text = faultOf(member);
      return text === null ? [] : [{ severity: 'error', text, view: 'processes' }];
    }),
    ...unread(members),
    ...members.flatMap(({ name, state, aheadMs }): readonly Problem[] =>
      state === 'live' && Math.abs(aheadMs) > APART_MS
        ? [
            {
              severity: 'warning',
              text: `The clock of ${name} is ${Math.round(Math.abs(aheadMs) / 1000).toLocaleString('en')} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the one here`,
              view: 'processes',
            },
          ]
        : [],
    ),
  ];
}

/** Why a process is not seen; null: it is, or is asked for the first time. */
function faultOf({ name, address, state, sinceAt, error, overview }: Member): string | null {
  const who = name === address ? address : `${name} (${address})`;
  if (state === 'foreign')
    return `${who} speaks another version${overview === null ? '' : `, ${overview.version}`}: ${error}`;
  if (state !== 'away') return null;
  return `${who} has not answered since ${new Date(sinceAt).toISOString().slice(11, 19)} UTC: ${error}`;
}

function unread(members: readonly Member[]): readonly Problem[] {
  const indexes = unreadPartitions(members);
  if (indexes.length === 0) return [];
  const more = indexes.length > NAMED ? ' …' : '';
  const which = `${indexes.length === 1 ? 'Partition' : 'Partitions'} ${indexes.slice(0, NAMED).join(', ')}${more}`;
  const text = `${which} of the raw topic ${indexes.length === 1 ? 'is' : 'are'} read by none of these processes`;
  return [{ severity: 'warning', text, view: 'pipeline' }];
}
