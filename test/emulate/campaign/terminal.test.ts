// Output and input go back with the machine, and forward over a run that wrote something else.
import { Terminal } from '../../../src/emulate/index.js';

test('a mark brings back what was written then, whatever was written since', () => {
  let asked = 0;
  const terminal = new Terminal(() => {
    asked++;
    return Buffer.from('abcdef');
  });
  const say = (text: string): void => terminal.write(1, Buffer.from(text));
  const start = terminal.mark();
  say('one ');
  expect(Buffer.from(terminal.read(4)).toString()).toBe('abcd');
  terminal.write(2, Buffer.from('error'));
  say('two');
  const later = terminal.mark();
  terminal.restore(start);
  say('other');
  expect(terminal.written(1).toString()).toBe('other');
  terminal.restore(later);
  expect(terminal.written(1).toString()).toBe('one two');
  expect(terminal.written(2).toString()).toBe('error');
  expect(Buffer.from(terminal.read(4)).toString()).toBe('ef');
  expect(terminal.read(4)).toHaveLength(0);
  terminal.restore(start);
  expect(Buffer.from(terminal.read(1)).toString()).toBe('a');
  expect(asked).toBe(1);
});
