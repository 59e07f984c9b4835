// What a server has to know: every write that it acknowledged, and no other. Each client has keys of its own.
import type { Random } from '../../src/inject/random.js';
import type { Answer } from './resp.js';

type Value = string | number | string[] | Map<string, string>;

export interface Request {
  readonly words: readonly (string | number)[];
  /** What the server has to answer. */
  readonly answer: Answer;
}

const keysOfEach = 2000;
const longest = 3000;
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

export class Model {
  private readonly values = new Map<string, Value>();
  private counter = 0;

  constructor(
    private readonly prefix: string,
    private readonly random: Random,
  ) {}

  private pick(below: number): number {
    return Math.floor(this.random() * below);
  }

  private text(): string {
    const piece = letters[this.pick(letters.length)] ?? '';
    return `${this.counter++}:${piece.repeat(Math.floor(longest * this.random() ** 4))}`;
  }

  /** A write or a read, with the answer that it must have. */
  next(): Request {
    const n = this.pick(keysOfEach);
    switch (this.pick(8)) {
      case 0:
      case 1: {
        const [key, text] = [`${this.prefix}:s${n}`, this.text()];
        this.values.set(key, text);
        return { words: ['SET', key, text], answer: 'OK' };
      }
      case 2: {
        const key = `${this.prefix}:s${n}`;
        const text = this.text();
        const all = String(this.values.get(key) ?? '') + text;
        this.values.set(key, all.length > 20 * longest ? text : all);
        if (all.length > 20 * longest) return { words: ['SET', key, text], answer: 'OK' };
        return { words: ['APPEND', key, text], answer: all.length };
      }
      case 3: {
        const key = `${this.prefix}:n${n}`;
        const by = 1 + this.pick(1000);
        const value = Number(this.values.get(key) ?? 0) + by;
        this.values.set(key, value);
        return { words: ['INCRBY', key, by], answer: value };
      }
      case 4: {
        const key = `${this.prefix}:l${n % 50}`;
        const text = this.text();
        const list = this.values.get(key);
        const all = Array.isArray(list) ? list : [];
        all.push(text);
        this.values.set(key, all);
        return { words: ['RPUSH', key, text], answer: all.length };
      }
      case 5: {
        const key = `${this.prefix}:h${n % 50}`;
        const [field, text] = [`f${this.pick(500)}`, this.text()];
        const known = this.values.get(key);
        const hash = known instanceof Map ? known : new Map<string, string>();
        const isNew = !hash.has(field);
        hash.set(field, text);
        this.values.set(key, hash);
        return { words: ['HSET', key, field, text], answer: Number(isNew) };
      }
      case 6: {
        const key = `${this.prefix}:${'snlh'[this.pick(4)] ?? 's'}${n}`;
        return { words: ['DEL', key], answer: Number(this.values.delete(key)) };
      }
      default: {
        const key = `${this.prefix}:s${n}`;
        const value = this.values.get(key);
        return { words: ['GET', key], answer: typeof value === 'string' ? value : null };
      }
    }
  }

  /** Requests that read all that was acknowledged. */
  *all(): Generator<Request> {
    for (const [key, value] of this.values) {
      if (Array.isArray(value)) yield { words: ['LRANGE', key, 0, -1], answer: value };
      else if (value instanceof Map)
        for (const [field, text] of value) yield { words: ['HGET', key, field], answer: text };
      else yield { words: ['GET', key], answer: String(value) };
    }
  }

  get size(): number {
    return this.values.size;
  }
}
