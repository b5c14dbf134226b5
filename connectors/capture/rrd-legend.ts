import type { Pseudonyms } from './pseudonyms.ts';

const ENTRY = /^(AVERAGE|MIN|MAX|LAST):(vm|host|sr):([^:]*):(.*)$/s;
/** Columns of XenAPI's archives whose names say nothing of whose they are. */
const COLUMN =
  /^(?:cpu\d{1,5}(?:-[CP]\d{1,3})?|cpu_(?:usage|avg|avg_freq)|memory(?:_(?:total|free|internal_free|target|reclaimed|reclaimed_max))?(?:_kib)?|loadavg|hostload|running_(?:vcpus|domains)|runstate_[a-z_]{1,30}|vif_\d{1,5}_(?:rx|tx)(?:_errors)?|pif_aggr_(?:rx|tx)|xapi_(?:memory_usage|free_memory|live_memory|allocation)_kib|pool_(?:session|task)_count)$/;
const PIF = /^pif_(.+)_((?:rx|tx)(?:_errors)?)$/s;
const VBD =
  /^vbd_(.+?)_((?:iops_|io_throughput_)?(?:read|write|total)|read_latency|write_latency|avgqu_sz|inflight|iowait|latency)$/s;

/** `AVERAGE:vm:<uuid>:<column>`: the uuid is replaced, and the column's name where it is none that all pools have. */
export function rewriteLegendEntry(entry: string, texts: Pseudonyms): string {
  const [, consolidation, owner, uuid = '', column = ''] = ENTRY.exec(entry) ?? [];
  if (consolidation === undefined) return texts.text(entry);
  return `${consolidation}:${owner}:${texts.text(uuid)}:${rewriteColumn(column, texts)}`;
}

function rewriteColumn(column: string, texts: Pseudonyms): string {
  if (COLUMN.test(column)) return column;
  const [, pif, pifEnd] = PIF.exec(column) ?? [];
  if (pif !== undefined) return `pif_${texts.device(pif)}_${pifEnd}`;
  const [, vbd, vbdEnd] = VBD.exec(column) ?? [];
  if (vbd !== undefined) return `vbd_${texts.device(vbd)}_${vbdEnd}`;
  return texts.text(column);
}
