/** Cells as a line of comma-separated values (RFC 4180), without its end. */
export const csvLine = (cells: readonly string[]): string => cells.map(quoted).join(',');

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
