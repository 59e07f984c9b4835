// Progress is for terminals: one line, drawn again, gone at the end.
import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { Progress } from '../../src/cli/progress.js';

function stream(isTTY: boolean): { readonly stream: WriteStream; readonly written: () => string } {
  const pass = Object.assign(new PassThrough(), { isTTY, columns: 40 });
  let text = '';
  pass.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { stream: pass as unknown as WriteStream, written: () => text };
}

test('on a terminal the line says how far it is, in its width, and goes away', async () => {
  const { stream: terminal, written } = stream(true);
  const progress = new Progress(terminal);
  progress.count(10, 200, ', 3 bad, and much more than there is room for');
  await new Promise(setImmediate);
  expect(written()).toContain('10 of 200 cases, 3 bad, and much more t');
  expect(written()).not.toContain('than');
  expect(written()).not.toContain('\n');
  progress.end();
  await new Promise(setImmediate);
  expect(written()).toMatch(/\u001b\[2K\u001b\[1G$/);
});

test('a file or a pipe gets nothing', async () => {
  const { stream: file, written } = stream(false);
  const progress = new Progress(file);
  progress.say('something');
  progress.count(1, 2, '');
  progress.end();
  await new Promise(setImmediate);
  expect(written()).toBe('');
});
