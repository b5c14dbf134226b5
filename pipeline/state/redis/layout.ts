/** Of the form of what is kept; a higher one is of a newer program. */
export const VERSION = 1;
/** The field of the state that is not an instance's. */
export const PARTITION = 'partition';
