// node v86.mjs package kernel words: runs a multiboot kernel in v86 until it has sent a line to its serial port, and prints that.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, kernel, ...words] = process.argv;
const { V86 } = await import(pathToFileURL(join(folder, 'build/libv86.mjs')).href);
const { buffer, byteOffset, byteLength } = readFileSync(kernel);
const emulator = new V86({
  wasm_path: join(folder, 'build/v86.wasm'),
  memory_size: 32 << 20,
  vga_memory_size: 2 << 20,
  multiboot: { buffer: buffer.slice(byteOffset, byteOffset + byteLength) },
  cmdline: words.join(' '),
  autostart: true,
});
let line = '';
emulator.add_listener('serial0-output-byte', (byte) => {
  line += String.fromCharCode(byte);
  if (!line.endsWith('\n')) return;
  process.stdout.write(line, () => process.exit(0));
});
