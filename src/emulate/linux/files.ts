// Files under a root of the host, read only; what the program changes lies in an overlay in memory. Nothing is ever written to the host.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { contentsOf, noContents } from './contents.js';
import type { Contents } from './contents.js';
import type { FifoNode } from './fifos.js';
import { EACCES, EEXIST, EISDIR, ENOENT, ENOMEM, ENOTDIR, ENOTEMPTY, EPERM } from './errno.js';

export interface Attributes {
  mode: number;
  readonly inode: number;
  /** Names in folders. */
  links: number;
  /** Last access and change, where the program has set them: seconds and nanoseconds. */
  times: readonly [Time, Time];
}
export type Time = readonly [seconds: number, nanoseconds: number];
/** Of all that the program has not set: 2020-01-01. */
export const firstTime: Time = [1577836800, 0];

export interface FileNode extends Contents {
  readonly kind: 'file';
  readonly attributes: Attributes;
  /** The file of the host that has the contents, until it is opened. */
  host?: string | undefined;
}
export interface FolderNode {
  readonly kind: 'folder';
  readonly attributes: Attributes;
}
export interface LinkNode {
  readonly kind: 'link';
  readonly attributes: Attributes;
  readonly target: string;
}
/** Made when it is opened. */
export interface DeviceNode {
  readonly kind: 'device';
  readonly attributes: Attributes;
  readonly name: 'null' | 'pagemap' | 'random' | 'terminal' | 'zero';
}
/** What a socket that is bound to a path leaves there. */
export interface BoundNode {
  readonly kind: 'bound';
  readonly attributes: Attributes;
}
export type Node = FileNode | FolderNode | LinkNode | DeviceNode | BoundNode | FifoNode;

const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;
const mostLinks = 40;

export interface FileSystemState {
  readonly overlay: Map<string, Node | null>;
  readonly nextInode: number;
}

export class FileSystem {
  /** By absolute path; null: removed. */
  private overlay = new Map<string, Node | null>();
  private nextInode = 1;

  /** root: undefined gives an empty tree. made: files that are computed when they are opened, such as /proc/self/maps. */
  constructor(
    private readonly root: string | undefined,
    private readonly made: ReadonlyMap<string, () => Uint8Array>,
  ) {
    for (const [path, name] of devices) this.overlay.set(path, this.device(name));
    for (const path of ['/', '/dev', '/proc', '/proc/self', '/proc/self/task', '/tmp'])
      this.overlay.set(path, { kind: 'folder', attributes: this.attributes(S_IFDIR | 0o755) });
  }

  /** What changes, for snapshots. */
  get state(): FileSystemState {
    return { overlay: this.overlay, nextInode: this.nextInode };
  }

  set state(state: FileSystemState) {
    this.overlay = state.overlay;
    this.nextInode = state.nextInode;
  }

  attributes(mode: number): Attributes {
    return { mode, inode: this.nextInode++, links: 1, times: [firstTime, firstTime] };
  }

  private device(name: DeviceNode['name']): DeviceNode {
    return { kind: 'device', name, attributes: this.attributes(S_IFCHR | 0o666) };
  }

  newFile(mode: number): FileNode {
    return {
      kind: 'file',
      attributes: this.attributes(S_IFREG | (mode & 0o7777)),
      ...noContents(),
    };
  }

  /** A file whose contents the kernel makes. */
  special(path: string, name: DeviceNode['name']): void {
    this.overlay.set(path, { kind: 'device', name, attributes: this.attributes(S_IFREG | 0o400) });
  }

  /** Links in the path are followed, the last one only if asked for. */
  resolve(path: string, follow = true): string | number {
    let rest = posix.normalize(path).split('/').filter(Boolean);
    let done = '/';
    for (let links = 0; rest.length > 0;) {
      const [name = '', ...after] = rest;
      const at = posix.join(done, name);
      const node = this.peek(at);
      if (node?.kind === 'link' && (after.length > 0 || follow)) {
        if (++links > mostLinks) return -40;
        const to = posix.resolve(done, node.target).split('/').filter(Boolean);
        rest = [...to, ...after];
        done = '/';
        continue;
      }
      if (after.length > 0 && node === undefined) return ENOENT;
      if (after.length > 0 && node?.kind !== 'folder') return ENOTDIR;
      done = at;
      rest = after;
    }
    return done;
  }

  /** The node of a resolved path. */
  peek(path: string): Node | undefined {
    const own = this.overlay.get(path);
    if (own !== undefined) return own ?? undefined;
    const make = this.made.get(path);
    if (make) {
      const attributes: Attributes = {
        mode: S_IFREG | 0o444,
        inode: 0,
        links: 1,
        times: [firstTime, firstTime],
      };
      return { kind: 'file', attributes, ...contentsOf(make()) };
    }
    if (this.root === undefined || path.startsWith('/proc/') || path.startsWith('/dev/')) return undefined;
    const node = this.fromHost(posix.join(this.root, path));
    if (node) this.overlay.set(path, node);
    return node;
  }

  private fromHost(path: string): Node | undefined {
    try {
      const status = lstatSync(path);
      const attributes = this.attributes(status.mode);
      if (status.isSymbolicLink()) return { kind: 'link', attributes, target: readlinkSync(path) };
      if (status.isDirectory()) return { kind: 'folder', attributes };
      if (!status.isFile()) return undefined;
      return { kind: 'file', attributes, ...noContents(), size: status.size, host: path };
    } catch {
      return undefined;
    }
  }

  /** Names in a folder, sorted. */
  list(path: string): string[] {
    const names = new Set<string>();
    const inside = path === '/' ? '/' : `${path}/`;
    try {
      if (this.root !== undefined)
        for (const name of readdirSync(posix.join(this.root, path))) names.add(name);
    } catch {
      // A folder of the overlay only.
    }
    for (const [at, node] of this.overlay) {
      if (!at.startsWith(inside) || at === inside || at.indexOf('/', inside.length) >= 0) continue;
      if (node === null) names.delete(at.slice(inside.length));
      else names.add(at.slice(inside.length));
    }
    return [...names].sort();
  }

  add(path: string, node: Node): void {
    this.overlay.set(path, node);
  }

  makeFolder(path: string, mode: number): number {
    if (this.peek(path)) return EEXIST;
    this.overlay.set(path, { kind: 'folder', attributes: this.attributes(S_IFDIR | (mode & 0o777)) });
    return 0;
  }

  makeLink(path: string, target: string): number {
    if (this.peek(path)) return EEXIST;
    this.overlay.set(path, { kind: 'link', attributes: this.attributes(S_IFLNK | 0o777), target });
    return 0;
  }

  remove(path: string, folder: boolean): number {
    const node = this.peek(path);
    if (!node) return ENOENT;
    if (folder !== (node.kind === 'folder')) return folder ? ENOTDIR : EISDIR;
    if (folder && this.list(path).length > 0) return ENOTEMPTY;
    this.overlay.set(path, null);
    if (!folder) node.attributes.links--;
    return 0;
  }

  /** Another name. */
  link(from: string, to: string): number {
    const node = this.peek(from);
    if (!node) return ENOENT;
    if (node.kind === 'folder') return EPERM;
    if (this.peek(to)) return EEXIST;
    if (this.peek(posix.dirname(to))?.kind !== 'folder') return ENOENT;
    node.attributes.links++;
    this.overlay.set(to, node);
    return 0;
  }

  rename(from: string, to: string): number {
    const node = this.peek(from);
    if (!node) return ENOENT;
    if (node.kind === 'folder') {
      for (const name of this.list(from)) this.rename(posix.join(from, name), posix.join(to, name));
    }
    this.overlay.set(to, node);
    this.overlay.set(from, null);
    return 0;
  }
}

const devices: readonly (readonly [string, DeviceNode['name']])[] = [
  ['/dev/null', 'null'],
  ['/dev/random', 'random'],
  ['/dev/tty', 'terminal'],
  ['/dev/urandom', 'random'],
  ['/dev/zero', 'zero'],
];

/** Reads what the host has of a file, once. 0, or an error. */
export function readHost(node: FileNode): number {
  if (node.host === undefined) return 0;
  try {
    Object.assign(node, contentsOf(readFileSync(node.host)));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_FS_FILE_TOO_LARGE' ? ENOMEM : EACCES;
  }
  node.host = undefined;
  return 0;
}
