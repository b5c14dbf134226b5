/** What others call it, or its products are called: the word that it has here. */
const ALSO_CALLED: Readonly<Record<string, string>> = {
  rabbitmq: 'amqp',
  rabbit: 'amqp',
  oslo: 'amqp',
  notifier: 'amqp',
  'remote-write': 'prometheus',
  remotewrite: 'prometheus',
  prom: 'prometheus',
  opentelemetry: 'otlp',
  otel: 'otlp',
  kvm: 'libvirt',
  qemu: 'libvirt',
  lxc: 'libvirt',
  vmware: 'vsphere',
  vcenter: 'vsphere',
  esxi: 'vsphere',
  xenserver: 'xenapi',
  'xcp-ng': 'xenapi',
  xapi: 'xenapi',
  'hyper-v': 'hyperv',
  winrm: 'hyperv',
  pve: 'proxmox',
  openstack: 'nova',
};

/** The known word that a mistyped one means: what others call the same, or the nearest, if it is near enough. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const words = [...known];
  const here = ALSO_CALLED[word.toLowerCase()];
  if (here !== undefined && words.includes(here)) return here;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "x"?`, or nothing. */
export function suggestion(word: string, known: Iterable<string>): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that make `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let old = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const now = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(at(old, column) + 1, at(now, column - 1) + 1, at(old, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(older, column - 2) + 1);
      now.push(cost);
    }
    older = old;
    old = now;
  }
  return at(old, b.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;
