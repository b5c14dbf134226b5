import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Report } from '../../pipeline/runtime/events.ts';
import { spoolError } from './spool-error.ts';

const whole = z.int().min(0);
const schema = z.strictObject({
  raw: z.strictObject({ topic: z.string(), partitions: whole }).nullable().default(null),
  held: z
    .strictObject({ topic: z.string(), partitions: whole, tokens: z.array(z.tuple([whole, whole])) })
    .nullable()
    .default(null),
});

/**
 * What a collector has to know that only the brokers could tell it. `raw`: the raw topic and how many partitions it has.
 * `held`: the coordination topic, how many partitions it has, and the token of each that this collector holds; it is
 * written before others can be given one.
 */
export type Notes = z.output<typeof schema>;

const FILE = 'notes.json';

/** Notes that outlive the process, beside its spool. What it cannot read or write it reports and never throws. */
export class Notebook {
  readonly #directory: string;
  readonly #report: Report;
  #notes: Notes;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, report: Report, notes: Notes) {
    this.#directory = directory;
    this.#report = report;
    this.#notes = notes;
  }

  /** Reads what an earlier process wrote. The directory is there, and this process's own. */
  static async open(directory: string, report: Report): Promise<Notebook> {
    const path = join(directory, FILE);
    let notes = schema.parse({});
    try {
      notes = schema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        report({ event: 'spool.failed', error: spoolError('the spool cannot read the notes in', directory, error) });
    }
    return new Notebook(directory, report, notes);
  }

  get notes(): Notes {
    return this.#notes;
  }

  /** Resolves when the notes are on the disk, or that was reported to be impossible. */
  write(part: Partial<Notes>): Promise<void> {
    this.#notes = { ...this.#notes, ...part };
    const written = this.#turn.then(() => this.#replace());
    this.#turn = written;
    return written;
  }

  async #replace(): Promise<void> {
    const path = join(this.#directory, FILE);
    try {
      const file = await open(`${path}.new`, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify(this.#notes));
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
    } catch (error) {
      const said = spoolError('the spool cannot write the notes in', this.#directory, error);
      this.#report({ event: 'spool.failed', error: said });
    }
  }
}
