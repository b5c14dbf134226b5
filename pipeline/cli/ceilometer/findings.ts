import { type Draft, placeOf } from '../../runtime/config/draft.ts';
import type { Fault, Path } from '../../runtime/config/fault.ts';

/** Takes what is wrong with a file, and what of it has no equal here. */
export interface Findings {
  fault(path: Path, message: string): void;
  note(path: Path, message: string): void;
}

/** Findings in the order in which they come, with the places of a draft. */
export function createFindings(
  draft: Draft,
): Findings & { readonly faults: readonly Fault[]; readonly notes: readonly Fault[] } {
  const faults: Fault[] = [];
  const notes: Fault[] = [];
  const at = (path: Path, message: string): Fault => ({ place: placeOf(draft, path)?.value ?? '', path, message });
  return {
    faults,
    notes,
    fault: (path, message) => void faults.push(at(path, message)),
    note: (path, message) => void notes.push(at(path, message)),
  };
}
