/** What Kubernetes says of a pod, as much of it as matters here. */
export interface PodObject {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly deletionTimestamp?: string;
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: { readonly running?: object; readonly terminated?: Ended };
      readonly lastState: { readonly terminated?: Ended };
    }[];
  };
}

interface Ended {
  readonly exitCode: number;
  readonly reason?: string;
}

export interface PodEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: PodObject;
}

/** A pod's life. Times are microseconds at which they were told, null for what has not come. */
export interface PodLife {
  readonly name: string;
  readonly addedAt: number;
  readonly readyAt: number | null;
  /** From then on it is told to stop. */
  readonly stoppingAt: number | null;
  readonly endedAt: number | null;
  readonly exitCode: number | null;
  /** Why a container of it ended without having been asked to, each once. */
  readonly crashes: readonly string[];
}

/** Lives by uid. */
export type PodBook = ReadonlyMap<string, PodLife>;

/** The book after an event that was told at `now`. */
export function noted(book: PodBook, { type, object }: PodEvent, now: number): PodBook {
  if (type === 'BOOKMARK' || type === 'ERROR') return book;
  const { uid } = object.metadata;
  return new Map(book).set(uid, lifeAfter(book.get(uid), object, now));
}

function lifeAfter(before: PodLife | undefined, { metadata, status }: PodObject, now: number): PodLife {
  const [container] = status?.containerStatuses ?? [];
  const isReady = status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
  const stoppingAt = before?.stoppingAt ?? (metadata.deletionTimestamp === undefined ? null : now);
  const ended = container?.state.terminated;
  const crashed = stoppingAt === null ? (ended ?? container?.lastState.terminated) : container?.lastState.terminated;
  const crash = crashed && `${metadata.name} ended with ${crashed.exitCode} (${crashed.reason ?? 'no reason'})`;
  return {
    name: metadata.name,
    addedAt: before?.addedAt ?? now,
    readyAt: before?.readyAt ?? (isReady ? now : null),
    stoppingAt,
    endedAt: before?.endedAt ?? (stoppingAt !== null && ended ? now : null),
    exitCode: before?.exitCode ?? (stoppingAt !== null && ended ? ended.exitCode : null),
    crashes: [...new Set([...(before?.crashes ?? []), ...(crash ? [crash] : [])])],
  };
}
