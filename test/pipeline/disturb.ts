/** The farthest that a message falls behind when it is overtaken. */
const MOST_PLACES = 3;

/**
 * A delivery's faults: the messages with some of them twice and some overtaken by up to three later ones, in the
 * shares given. None is lost. `random` gives numbers in [0, 1).
 */
export function disturb<Message>(
  messages: readonly Message[],
  random: () => number,
  { duplicate, reorder }: { readonly duplicate: number; readonly reorder: number },
): Message[] {
  const sent = messages.flatMap((message) => (random() < duplicate ? [message, message] : [message]));
  return sent
    .map((message, index) => {
      const late = random() < reorder ? 1 + Math.floor(random() * MOST_PLACES) : 0;
      // Half a place more: behind the message whose place it takes.
      return { message, place: late === 0 ? index : index + late + 0.5 };
    })
    .sort((a, b) => a.place - b.place)
    .map(({ message }) => message);
}
