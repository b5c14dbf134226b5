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
  /** Missing numbers, the youngest `MOST_MISSING` of them; a late one is found here. */
  readonly missing: Set<bigint>;
  lost: number;
}

/** A late datagram that is further behind than this counts as a duplicate. */
const MOST_MISSING = 65_536;
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
    const account = { highest: sequence - 1n, missing: new Set<bigint>(), lost: 0 };
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
  const { highest, missing } = account;
  if (sequence <= highest) {
    if (!missing.delete(sequence)) return false;
    account.lost--;
    return true;
  }
  account.highest = sequence;
  account.lost += Number(sequence - highest - 1n);
  const reach = sequence - BigInt(MOST_MISSING);
  for (let each = reach > highest ? reach : highest + 1n; each < sequence; each++) missing.add(each);
  forgetBelow(missing, reach);
  return true;
}

/** Sets keep the order of entry, which is that of the numbers. */
function forgetBelow(missing: Set<bigint>, least: bigint): void {
  for (const each of missing) {
    if (each >= least) return;
    missing.delete(each);
  }
}
