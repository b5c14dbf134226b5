/** Wide and fullwidth characters of UAX #11, in ranges that have unassigned ones among them, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
/** What takes no place by itself: marks without a letter, joiners. */
const EMPTY = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const PLAIN = /^[ -~]*$/;

const segmenter = new Intl.Segmenter('en');
const charactersOf = (text: string): readonly string[] => [...segmenter.segment(text)].map(({ segment }) => segment);

const widthOfCharacter = (character: string): number => {
  if (WIDE.test(character)) return 2;
  return EMPTY.test(character) ? 0 : 1;
};

/** How many columns of a terminal a text takes: Chinese characters take two, what is set above a letter none. */
export const widthOf = (text: string): number =>
  PLAIN.test(text) ? text.length : charactersOf(text).reduce((sum, each) => sum + widthOfCharacter(each), 0);

/** The beginning of a text that fits into `width` columns: no character is cut in two. */
export const headOf = (text: string, width: number): string =>
  widthOf(text) <= width ? text : fitting(charactersOf(text), width).join('');

/** A text in `width` columns: `wind…`, or in the middle, where names differ at their ends: `instance…0012`. */
export function cut(text: string, width: number, where: 'end' | 'middle'): string {
  if (widthOf(text) <= width) return text;
  const characters = charactersOf(text);
  const room = width - 1;
  const head = fitting(characters, where === 'end' ? room : Math.ceil(room / 2)).join('');
  const tail = where === 'end' ? [] : fitting(characters.toReversed(), room - widthOf(head)).toReversed();
  return `${head}…${tail.join('')}`;
}

/** The first of the characters, as many as there is room for. */
function fitting(characters: readonly string[], width: number): readonly string[] {
  let room = width;
  const end = characters.findIndex((character) => {
    room -= widthOfCharacter(character);
    return room < 0;
  });
  return end < 0 ? characters : characters.slice(0, end);
}
