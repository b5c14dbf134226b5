import type { Element } from './element.ts';
import { UpdateCollector } from './update-collector.ts';
import type { Ref } from './value.ts';

export interface View {
  readonly ref: Ref;
  readonly container: Ref;
  /** Empty: every type. */
  readonly types: readonly string[];
  readonly recursive: boolean;
}

/** What is left of a paged answer. */
export interface Page {
  readonly objects: string[];
  readonly size: number;
}

/** One login: everything that a client creates belongs to it and ends with it. */
export class ClientSession {
  readonly key: string;
  readonly userName: string;
  readonly loggedInAt: number;
  activeAt: number;
  readonly views = new Map<string, View>();
  readonly pages = new Map<string, Page>();
  /** By the value of the collector's reference; the session's own among them. */
  readonly collectors = new Map<string, UpdateCollector>();
  /** Counts CancelWaitForUpdates, so that those who wait see it. */
  cancels = 0;
  #made = 0;

  constructor(key: string, userName: string, now: number, collector: Ref) {
    this.key = key;
    this.userName = userName;
    this.loggedInAt = now;
    this.activeAt = now;
    this.collectors.set(collector.value, new UpdateCollector());
  }

  /** A reference for something new of this session. */
  newRef(type: string): Ref {
    this.#made++;
    return { type, value: `session[${this.key}]52${String(this.#made).padStart(6, '0')}` };
  }

  addView(container: Ref, types: readonly string[], recursive: boolean): View {
    const view = { ref: this.newRef('ContainerView'), container, types, recursive };
    this.views.set(view.ref.value, view);
    return view;
  }

  addCollector(): Ref {
    const of = this.newRef('PropertyCollector');
    this.collectors.set(of.value, new UpdateCollector());
    return of;
  }

  addFilter(collector: UpdateCollector, spec: Element): Ref {
    const of = this.newRef('PropertyFilter');
    collector.add(of, spec);
    return of;
  }

  /** Whether there was such a filter. */
  destroyFilter(value: string): boolean {
    return [...this.collectors.values()].some(({ filters }) => filters.delete(value));
  }

  get filters(): number {
    let sum = 0;
    for (const { filters } of this.collectors.values()) sum += filters.size;
    return sum;
  }
}
