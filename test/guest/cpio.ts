// An archive that the kernel unpacks as its first file system: cpio(5), "New ASCII format"; Documentation/driver-api/early-userspace/buffer-format.rst.

const executable = 0o100755;

/** @param files names without a leading slash, and contents; each becomes an executable file at the root */
export function cpio(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const entries = [...files].map(([name, contents], i) => entry(i + 1, executable, name, contents));
  return Buffer.concat([...entries, entry(0, 0, 'TRAILER!!!', new Uint8Array())]);
}

function entry(inode: number, mode: number, name: string, contents: Uint8Array): Buffer {
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, contents.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header, 'latin1')), padded(contents)]);
}

const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
