import { type FSWatcher, watch } from 'node:fs';
import { Observable } from 'rxjs';

/** Watches folders. What cannot be watched, such as a folder that is not there yet, is left to the refresh. */
export class Folders {
  readonly #watchers = new Map<string, FSWatcher>();
  #tell: () => void = () => undefined;
  /** Emits when something in a watched folder has changed, a symbolic link being turned included. */
  readonly changes = new Observable<void>((subscriber) => {
    this.#tell = () => subscriber.next();
    return () => {
      this.#tell = () => undefined;
    };
  });

  /** Call it at each look: a folder that has come since is watched from now on, one that is gone no longer. */
  watch(folders: Iterable<string>): void {
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watch(folder);
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        // The folder itself was moved or removed: another may take its place.
        if (name === null || folder.endsWith(`/${name}`)) this.#forget(folder);
        this.#tell();
      });
      watcher.on('error', () => this.#forget(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      // Not there, or there are no more watches: the refresh looks at it all the same.
    }
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  close(): void {
    for (const folder of [...this.#watchers.keys()]) this.#forget(folder);
  }
}
