// Text as a part of a page.

const entities: Readonly<Record<string, string>> = {
  '"': '&quot;',
  '&': '&amp;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
};

export const escaped = (text: string): string => text.replace(/["&'<>]/g, (c) => entities[c] ?? c);

/** JSON in a script element, which ends at the first `</script`. */
export const scriptJson = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');
