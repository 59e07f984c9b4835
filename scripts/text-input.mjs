// Text to compress, for the demo and the benchmarks. Node built-ins only.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { step } from './tools.mjs';

/** Makes the file where it is not there: words of a small vocabulary among random digits, from a fixed seed; compresses about 3 times. */
export function textInput(path, bytes) {
  if (existsSync(path) && statSync(path).size === bytes) return path;
  mkdirSync(dirname(path), { recursive: true });
  step(`input of ${bytes / 1e6} MB`, () => write(`${path}.${process.pid}.partial`, bytes));
  renameSync(`${path}.${process.pid}.partial`, path);
  return path;
}

function write(path, bytes) {
  let state = 0x2545f491;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const words = Array.from({ length: 4000 }, () => {
    let word = '';
    for (let n = 3 + (random() % 8); n > 0; n--) word += String.fromCharCode(97 + (random() % 26));
    return word;
  });
  const file = openSync(path, 'w');
  let left = bytes;
  while (left > 0) {
    let text = '';
    while (text.length < 1 << 16)
      text += `${words[Math.floor(words.length * (random() / 2 ** 32) ** 2)]} ${random() % 4 === 0 ? random() : ''} `;
    left -= writeSync(file, text.slice(0, Math.min(left, text.length)));
  }
  closeSync(file);
}
