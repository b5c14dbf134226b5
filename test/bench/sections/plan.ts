/** How much is measured. */
export interface Plan {
  /** Where streams are kept while the bench runs. */
  readonly folder: string;
  /** Runs of each variant; the median counts. */
  readonly runs: number;
  readonly quick: boolean;
}
