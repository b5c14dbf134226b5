/** Numbered datagrams of all senders: how many came, how many did not, and how many came again. */
export interface Tally {
  readonly senders: number;
  readonly datagrams: number;
  /** Numbers that are missing between the first and the last one of each sender. */
  readonly lost: number;
  readonly duplicates: number;
}

/** Which numbers of a sender came. */
interface Account {
  highest: bigint;
  /** Missing numbers in ascending order, the youngest `MOST_GAPS`; a late one is found here. */
  readonly gaps: Gap[];
  lost: number;
}

/** One datagram makes one gap more at most, however far it jumps: whoever forges it gets no more memory than that. */
interface Gap {
  readonly first: bigint;
  readonly last: bigint;
}

/** A late datagram that is more gaps behind than this counts as a duplicate. */
const MOST_GAPS = 256;
/** Senders that are remembered, the latest; a sender is one start of a program. */
const MOST_SENDERS = 1024;

export interface Ledger {
  /** Enters a datagram; false if it came before. */
  enter(sender: string, sequence: bigint): boolean;
  tally(): Tally;
}

/** Counts by sender. What was lost before the first or after the last datagram of a sender does not show. */
export function createLedger(): Ledger {
  const accounts = new Map<string, Account>();
  let senders = 0;
  let datagrams = 0;
  let duplicates = 0;
  let lostOfForgotten = 0;

  function accountOf(sender: string, sequence: bigint): Account {
    const known = accounts.get(sender);
    if (known) return known;
    const [oldest] = accounts;
    if (oldest && accounts.size >= MOST_SENDERS) {
      accounts.delete(oldest[0]);
      lostOfForgotten += oldest[1].lost;
    }
    const account = { highest: sequence - 1n, gaps: [], lost: 0 };
    accounts.set(sender, account);
    senders++;
    return account;
  }

  return {
    enter(sender, sequence) {
      const isNew = settle(accountOf(sender, sequence), sequence);
      if (isNew) datagrams++;
      else duplicates++;
      return isNew;
    },
    tally() {
      let lost = lostOfForgotten;
      for (const account of accounts.values()) lost += account.lost;
      return { senders, datagrams, lost, duplicates };
    },
  };
}

function settle(account: Account, sequence: bigint): boolean {
  const { highest, gaps } = account;
  if (sequence <= highest) {
    const isLate = fill(gaps, sequence);
    if (isLate) account.lost--;
    return isLate;
  }
  account.highest = sequence;
  account.lost += Number(sequence - highest - 1n);
  if (sequence > highest + 1n) gaps.push({ first: highest + 1n, last: sequence - 1n });
  if (gaps.length > MOST_GAPS) gaps.shift();
  return true;
}

/** Takes a number out of the gap that it is in; false if it is in none. */
function fill(gaps: Gap[], sequence: bigint): boolean {
  const at = gaps.findLastIndex(({ first }) => first <= sequence);
  const gap = gaps[at];
  if (gap === undefined || sequence > gap.last) return false;
  const left = [
    { first: gap.first, last: sequence - 1n },
    { first: sequence + 1n, last: gap.last },
  ];
  gaps.splice(at, 1, ...left.filter(({ first, last }) => first <= last));
  if (gaps.length > MOST_GAPS) gaps.shift();
  return true;
}
