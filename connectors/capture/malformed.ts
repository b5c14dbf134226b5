/** A body of which not every part is understood: nothing of it is written. */
export class MalformedBody extends Error {
  override readonly name = 'MalformedBody';
}
