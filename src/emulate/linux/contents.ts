// The bytes of a file in memory, in pieces: a file that grows is not copied, and of what a snapshot has only the pieces that are written. What no piece
// has is zero, such as behind the end of a short one.
import { isFrozen } from '../snapshot.js';

export interface Contents {
  /** By number. */
  pieces: Map<number, Uint8Array>;
  size: number;
}

const pieceSize = 0x10000;

/** The bytes are not copied. */
export function contentsOf(bytes: Uint8Array): Contents {
  const pieces = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length; at += pieceSize)
    pieces.set(at / pieceSize, bytes.subarray(at, at + pieceSize));
  return { pieces, size: bytes.length };
}

export const noContents = (): Contents => contentsOf(new Uint8Array(0));

/** Calls with each piece's number that a range reaches into, and what of the piece is in it. */
function eachPiece(from: number, to: number, each: (piece: number, lo: number, hi: number) => void): void {
  for (let piece = Math.floor(from / pieceSize); piece * pieceSize < to; piece++) {
    const start = piece * pieceSize;
    each(piece, Math.max(from - start, 0), Math.min(to - start, pieceSize));
  }
}

/** At most so many bytes: only to be read. */
export function readAt({ pieces, size }: Contents, at: number, length: number): Uint8Array {
  const from = Math.min(at, size);
  const to = Math.min(at + length, size);
  const first = Math.floor(from / pieceSize);
  const start = first * pieceSize;
  const alone = pieces.get(first);
  if (alone && to - start <= alone.length) return alone.subarray(from - start, to - start);
  const bytes = new Uint8Array(to - from);
  eachPiece(from, to, (piece, lo, hi) => {
    const part = pieces.get(piece)?.subarray(lo, hi);
    if (part) bytes.set(part, piece * pieceSize + lo - from);
  });
  return bytes;
}

/** A piece that may be changed in place, and is so long at least. Only the first one grows, for small files. */
function own({ pieces }: Contents, number: number, length: number): Uint8Array {
  const old = pieces.get(number);
  const known = old?.length ?? 0;
  if (old && known >= length && !isFrozen(old)) return old;
  const wanted = number > 0 ? pieceSize : Math.min(pieceSize, Math.max(length, 2 * known));
  const piece = new Uint8Array(length <= known ? known : wanted);
  if (old) piece.set(old);
  pieces.set(number, piece);
  return piece;
}

/** The file is as long as what is written needs; where that is nothing, it stays as it is. */
export function writeAt(contents: Contents, at: number, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  const end = at + bytes.length;
  if (at > contents.size) setSize(contents, at);
  eachPiece(at, end, (number, lo, hi) => {
    const from = number * pieceSize - at;
    own(contents, number, hi).set(bytes.subarray(from + lo, from + hi), lo);
  });
  contents.size = Math.max(contents.size, end);
}

/** What is behind a smaller one is given back, and is zero when the file grows again. */
export function setSize(contents: Contents, size: number): void {
  const { pieces } = contents;
  if (size < contents.size) {
    for (const number of pieces.keys()) if (number * pieceSize >= size) pieces.delete(number);
    const last = Math.floor(size / pieceSize);
    const piece = pieces.get(last);
    if (piece) pieces.set(last, piece.slice(0, size - last * pieceSize));
  }
  contents.size = size;
}
