import { OutputHash } from '../../src/cli/output-hash.js';

const hashOf = (ignore: string | undefined, ...parts: readonly string[]): string => {
  const hash = new OutputHash(ignore);
  for (const part of parts) hash.update(Buffer.from(part));
  return hash.digest();
};

test('what is ignored may change, in the middle of a line, over two parts and in a last line without its end', () => {
  const ignore = ' [0-9.]+s$';
  expect(hashOf(ignore, 'a 1.5s\nb 2s')).toBe(hashOf(ignore, 'a 0.', '25s\nb 17.0s'));
  expect(hashOf(ignore, 'a 1.5s\nb')).not.toBe(hashOf(ignore, 'a 1.5s\nc'));
  expect(hashOf(ignore, 'a\nb')).not.toBe(hashOf(ignore, 'a\nb\n'));
});

test('without it every byte counts', () => {
  expect(hashOf(undefined, 'a 1s\n', 'b')).toBe(hashOf(undefined, 'a 1s\nb'));
  expect(hashOf(undefined, 'a 1s\n')).not.toBe(hashOf(undefined, 'a 2s\n'));
});
