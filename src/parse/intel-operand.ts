// One operand in Intel syntax to its typed form. Whether it is a register, a number or memory, and which register is base and which
// index, follows from the whole expression (GNU as manual 9.16.3, 9.16.7); where the manual is silent, GNU as 2.40 decides.
import type { SyntaxNode } from '@lezer/common';
import { literal } from './constant.js';
import type { Dialect } from './dialect.js';
import { parser } from './generated/intel.js';
import { isRegister, signOf, sizeWords } from './intel-words.js';
import { treeOf } from './tree.js';
import type { MemoryOperand, Operand, RegisterOperand } from './syntax.js';

export interface IntelOperand {
  readonly operand: Operand;
  /** `bcst`: one element is read and repeated. */
  readonly broadcast: boolean;
  /** `{sae}` and the like behind the operand: an operand of its own in AT&T syntax. */
  readonly rounding: string;
}

interface AddressRegister {
  readonly name: string;
  /** As written, 0 when nothing is: a scaled register is the index. */
  readonly scale: number;
}

/** What an expression amounts to. */
interface Sum {
  /** AT&T text of what is not a register; empty: nothing. */
  readonly text: string;
  /** How `text` may be joined: an atom to anything, a sum (of names and numbers) to sums. */
  readonly shape: 'atom' | 'sum' | 'other';
  /** The value, if it is made of literal numbers. */
  readonly value: bigint | undefined;
  readonly registers: readonly AddressRegister[];
  /** Names outside `offset` that are not known to be numbers: each makes the operand memory. */
  readonly names: number;
  readonly offset: boolean;
  readonly brackets: boolean;
  readonly segment: string;
}

const nothing: Sum = {
  text: '',
  shape: 'atom',
  value: undefined,
  registers: [],
  names: 0,
  offset: false,
  brackets: false,
  segment: '',
};

/** Thrown inside, caught by parseIntelOperand: why an operand is not taken. */
class Refused extends Error {}

const rounding = /^\{(sae|r[nduz]-sae)\}$/;

/** The operand, or the reason why it is none. `branch`: it is where a jump or call goes. */
export function parseIntelOperand(text: string, branch: boolean, dialect: Dialect): IntelOperand | string {
  const tree = treeOf(parser, text);
  if (typeof tree === 'string') return tree;
  try {
    return new Reader(text, dialect).operand(tree.topNode, branch);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

class Reader {
  /** The word before `ptr` or `bcst`, lower case; empty when there is none. */
  private size = '';
  private broadcast = false;
  /** A name that was assigned what is no literal number; empty when there is none. */
  private unclear = '';
  /** Whether names are subtracted. */
  private distance = false;

  constructor(
    private readonly text: string,
    private readonly dialect: Dialect,
  ) {}

  operand(top: SyntaxNode, branch: boolean): IntelOperand {
    let decoration = '';
    let apart = '';
    let root: SyntaxNode | undefined;
    for (let node = top.firstChild; node; node = node.nextSibling) {
      const written = this.written(node);
      if (node.name === 'Braces') {
        const braces = written.replace(/\s/g, '').toLowerCase();
        if (rounding.test(braces)) apart = braces;
        else decoration += this.dialect.naked ? braces.replace(/^\{k/, '{%k') : braces;
      } else root = node;
    }
    if (root === undefined) return this.refuse(`no value in '${this.text}'`);
    const result = (operand: Operand): IntelOperand => ({
      operand,
      broadcast: this.broadcast,
      rounding: apart,
    });
    const register = this.registerIn(root);
    if (register !== '') {
      const operand: RegisterOperand = { kind: 'register', name: register, decoration };
      return result(branch ? { kind: 'indirect', inner: operand } : operand);
    }
    // `short` only asks for a short encoding.
    const short = root.name === 'Modified' && root.getChild('Short') !== null;
    const sum = this.sum(root, 0);
    // In AT&T syntax the other name would have to be known to be a number.
    if (sum.text.includes('@') && (sum.text.match(/[a-z_.$][\w.$@]*/gi) ?? []).length > 1)
      return this.refuse(`a relocation beside another name: '${this.text}'`);
    const { size } = this;
    const closed = this.written(root).trimEnd().endsWith(']');
    const kind = branch ? this.branchKind(sum, size, closed) : this.plainKind(sum, size, closed);
    if (short && kind !== 'target') return this.refuse(`'short' belongs to a branch: '${this.text}'`);
    if (kind !== 'memory') {
      if (decoration !== '') return this.refuse(`'${decoration}' belongs to a register or to memory`);
      return result({ kind, expression: sum.text });
    }
    const memory = this.memory(sum, size, decoration);
    return result(branch ? { kind: 'indirect', inner: memory } : memory);
  }

  private plainKind(sum: Sum, size: string, closed: boolean): 'immediate' | 'memory' {
    if (size === 'near' || size === 'far')
      return this.refuse(`'${size}' belongs to a branch: '${this.text}'`);
    if (sum.registers.length > 0 || sum.segment !== '') return 'memory';
    if (sum.offset) {
      if (sum.brackets || sum.names > 0)
        return this.refuse(`'offset' with brackets or other names and no register: '${this.text}'`);
    } else if (sum.brackets) {
      if (!closed) return this.refuse(`brackets before the end of '${this.text}' and no register`);
      return 'memory';
    } else if (sum.names > 0) {
      // GNU as takes a name plus a number for memory, other computations with names for numbers.
      if (sum.names > 1 || sum.shape === 'other')
        return this.refuse(`a computation with names: '${this.text}'; write offset or brackets`);
      return this.clear('memory');
    }
    if (size !== '') return this.refuse(`a number takes no size: '${this.text}'`);
    return sum.offset ? 'immediate' : this.clear('immediate');
  }

  private clear<T>(kind: T): T {
    if (this.unclear === '') return kind;
    return this.refuse(`'${this.unclear}' is assigned a value that may make it a number or memory`);
  }

  private branchKind(sum: Sum, size: string, closed: boolean): 'target' | 'memory' {
    if (size === 'far') return this.refuse(`a far branch: '${this.text}'`);
    if (sum.registers.length > 0 || sum.segment !== '') return 'memory';
    if (sum.offset) return this.refuse(`'offset' as the target of a branch: '${this.text}'`);
    if (sum.brackets) {
      if (!closed || size === 'near') return this.refuse(`cannot tell where '${this.text}' goes`);
      return 'memory';
    }
    return size === '' || size === 'near' ? 'target' : 'memory';
  }

  private memory(sum: Sum, size: string, decoration: string): MemoryOperand {
    // GNU as 2.40 may lose a name when one is subtracted beside a register.
    if (this.distance) return this.refuse(`the distance of two names as an address: '${this.text}'`);
    let base = '';
    let index = '';
    let scale = 1;
    for (const register of sum.registers) {
      // GNU as takes it here, but in AT&T syntax with an option only.
      if (/^[er]iz$/.test(register.name)) return this.refuse(`the index ${register.name} is no register`);
      if (index === '' && /^[xyz]mm/.test(register.name)) {
        index = register.name;
        scale = register.scale === 0 ? 1 : register.scale;
      } else if (base === '' && register.scale === 0) base = register.name;
      else if (index !== '') return this.refuse(`too many registers in '${this.text}'`);
      else if (register.scale === 0 && /^[er]sp$/.test(register.name)) {
        // The stack pointer cannot be an index.
        index = base;
        base = register.name;
      } else {
        index = register.name;
        scale = register.scale === 0 ? 1 : register.scale;
      }
    }
    if (![1, 2, 4, 8].includes(scale) || /^[er]sp$/.test(index))
      return this.refuse(`no such index: '${this.text}'`);
    const bytes = sizeWords.get(size) ?? 0;
    return {
      kind: 'memory',
      segment: sum.segment === 'flat' ? '' : sum.segment,
      displacement: sum.text,
      base,
      index,
      scale,
      decoration,
      ...(bytes > 0 ? { bytes } : {}),
    };
  }

  /** @param depth how many brackets stand around */
  private sum(node: SyntaxNode, depth: number): Sum {
    const register = this.registerIn(node);
    if (register !== '') {
      if (depth === 0) return this.refuse(`the register ${register} needs brackets in '${this.text}'`);
      return { ...nothing, registers: [{ name: register, scale: 0 }] };
    }
    switch (node.name) {
      case 'Name':
      case 'String':
        return this.name(node);
      case 'Number':
        return this.number(this.written(node));
      case 'Character':
        return { ...nothing, text: this.written(node), shape: 'atom' };
      case 'Parentheses':
        return this.sum(this.child(node, 1), depth);
      case 'Brackets':
        return { ...this.sum(this.child(node, 1), depth + 1), brackets: true };
      case 'Index':
        return {
          ...this.add(this.sum(this.child(node, 0), depth), this.sum(this.child(node, 2), depth + 1)),
          brackets: true,
        };
      case 'Segment': {
        const name = this.written(this.child(node, 0)).replace(/^%\s*/, '').toLowerCase();
        const inner = this.sum(this.child(node, 2), depth);
        if (!/^([c-gs]s|flat)$/.test(name)) return this.refuse(`a far address: '${this.text}'`);
        if (inner.segment !== '') return this.refuse(`no segment in '${this.text}'`);
        if (name === 'flat' && inner.registers.length === 0 && !inner.brackets)
          return inner.names > 0 ? inner : this.refuse(`FLAT before a number: '${this.text}'`);
        return { ...inner, segment: name };
      }
      case 'Modified': {
        const inner = this.sum(this.child(node, 1), depth);
        if (node.getChild('Short')) return inner;
        if (inner.registers.length > 0 || inner.brackets || inner.segment !== '' || inner.offset)
          return this.refuse(`'offset' of what is not a name: '${this.text}'`);
        return { ...inner, names: 0, offset: true };
      }
      case 'Sized': {
        const size = this.written(this.child(node, 0)).toLowerCase();
        if (this.size !== '') return this.refuse(`two sizes in '${this.text}'`);
        this.size = size;
        this.broadcast = node.getChild('Bcst') !== null;
        return this.sum(this.child(node, 2), depth);
      }
      case 'Unary':
        return this.unary(signOf(this.written(this.child(node, 0))), this.sum(this.child(node, 1), depth));
      case 'Binary':
        return this.binary(
          signOf(this.written(this.child(node, 1))),
          this.sum(this.child(node, 0), depth),
          this.sum(this.child(node, 2), depth),
        );
      default:
        return this.refuse(`cannot read '${this.written(node)}' in '${this.text}'`);
    }
  }

  private name(node: SyntaxNode): Sum {
    const text = this.written(node);
    const bare = text.startsWith('"') ? text.slice(1, -1) : text;
    if (
      text.startsWith('"') &&
      (isRegister(bare, this.dialect.wordSize) || sizeWords.has(bare.toLowerCase()))
    )
      return this.refuse(`a quoted name that is a register's or a size: ${text}`);
    if (text === '$') return { ...nothing, text: '.', names: 1 };
    // A name that begins with it would be a number in AT&T syntax.
    if (text.startsWith('$')) return this.refuse(`'${text}' begins with $; write . for the current address`);
    switch (this.dialect.values.get(bare)) {
      case 'number':
        return { ...nothing, text };
      case 'unclear':
        this.unclear = bare;
        return { ...nothing, text, names: 1 };
      case undefined:
        return { ...nothing, text, names: 1 };
    }
  }

  private number(text: string): Sum {
    const value = literal(text);
    if (value === undefined && !/^\d+[bf]$/i.test(text)) return this.refuse(`'${text}' is not a number`);
    // A local label is a name.
    return value === undefined ? { ...nothing, text, names: 1 } : { ...nothing, text, value };
  }

  private unary(sign: string, of: Sum): Sum {
    if (of.registers.length > 0 || of.segment !== '' || of.brackets)
      return this.refuse(`'${sign}' before a register or brackets in '${this.text}'`);
    if (sign === '+') return of;
    if (sign === '-' && of.value !== undefined) return valued(-of.value);
    return { ...of, value: undefined, text: `${sign}${atom(of)}`, shape: of.names > 0 ? 'other' : 'sum' };
  }

  private binary(sign: string, left: Sum, right: Sum): Sum {
    // `=` is no character of an operand in AT&T syntax.
    const compare = comparisons.get(sign);
    if (compare && left.value !== undefined && right.value !== undefined)
      return valued(compare(left.value, right.value) ? -1n : 0n);
    if (sign === '' || sign.includes('='))
      return this.refuse(`an operator in '${this.text}' has no AT&T spelling`);
    if (sign === '+') return this.add(left, right);
    if (left.segment !== '' && sign === '-' && right.segment === '')
      return { ...this.binary(sign, { ...left, segment: '' }, right), segment: left.segment };
    if (left.segment !== '' || right.segment !== '')
      return this.refuse(`'${sign}' behind a segment in '${this.text}'`);
    if (sign === '-') return this.subtract(left, right);
    if (sign === '*' && left.registers.length + right.registers.length > 0) return this.scaled(left, right);
    if (left.registers.length > 0 || right.registers.length > 0 || left.brackets || right.brackets)
      return this.refuse(`'${sign}' on a register or brackets in '${this.text}'`);
    if (sign === '*' && left.value !== undefined && right.value !== undefined)
      return valued(left.value * right.value);
    return {
      ...nothing,
      text: `${atom(left)}${sign}${atom(right)}`,
      shape: 'other',
      names: left.names + right.names,
      offset: left.offset || right.offset,
    };
  }

  private add(left: Sum, right: Sum): Sum {
    if (left.segment !== '' && right.segment !== '') return this.refuse(`two segments in '${this.text}'`);
    return {
      ...joined(left, right, (a, b) => a + b, term(right).startsWith('-') ? '' : '+', term(right)),
      registers: [...left.registers, ...right.registers],
      brackets: left.brackets || right.brackets,
      segment: left.segment + right.segment,
    };
  }

  private subtract(left: Sum, right: Sum): Sum {
    if (right.registers.length > 0 || right.brackets)
      return this.refuse(`a register or brackets are subtracted in '${this.text}'`);
    if (right.names > 0) this.distance = true;
    const difference = joined(left, right, (a, b) => a - b, '-', atom(right));
    // The distance between two names is a number; the parentheses that stand around it have to stay.
    const names = right.names <= left.names ? left.names - right.names : left.names + right.names;
    return {
      ...difference,
      names,
      shape: right.names > 0 || right.offset ? 'other' : difference.shape,
      registers: left.registers,
      brackets: left.brackets,
    };
  }

  /** A register times a number. */
  private scaled(left: Sum, right: Sum): Sum {
    const [of, by] = left.registers.length > 0 ? [left, right] : [right, left];
    const [register] = of.registers;
    if (
      register === undefined ||
      of.registers.length > 1 ||
      of.text !== '' ||
      of.brackets ||
      by.brackets ||
      by.value === undefined ||
      by.value < 1n ||
      by.value > 8n
    )
      return this.refuse(`not a register times a number: '${this.text}'`);
    const scale = (register.scale === 0 ? 1 : register.scale) * Number(by.value);
    return { ...nothing, registers: [{ name: register.name, scale }] };
  }

  /** The register that `node` is, lower case; empty when it is none. */
  private registerIn(node: SyntaxNode): string {
    switch (node.name) {
      case 'RegisterName': {
        const name = this.written(node).slice(1).trim().toLowerCase();
        return isRegister(name, this.dialect.wordSize) ? name : this.refuse(`no register '%${name}'`);
      }
      case 'Name': {
        const name = this.written(node);
        return this.dialect.naked && isRegister(name, this.dialect.wordSize) ? name.toLowerCase() : '';
      }
      case 'StackRegister': {
        const name = this.written(node).replace(/[\s%]/g, '').toLowerCase();
        return /^st\([0-7]\)$/.test(name) ? name : this.refuse(`no register '${name}'`);
      }
      default:
        return '';
    }
  }

  private child(node: SyntaxNode, at: number): SyntaxNode {
    let child = node.firstChild;
    for (let i = 0; i < at && child; i++) child = child.nextSibling;
    return child ?? this.refuse(`cannot read '${this.text}'`);
  }

  private written(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  private refuse(reason: string): never {
    throw new Refused(reason);
  }
}

/** -1 where it holds (GNU as manual 6.2.4). */
const comparisons: ReadonlyMap<string, (a: bigint, b: bigint) => boolean> = new Map([
  ['<=', (a, b) => a <= b],
  ['==', (a, b) => a === b],
  ['>=', (a, b) => a >= b],
  ['!=', (a, b) => a !== b],
]);

const valued = (value: bigint): Sum => ({ ...nothing, text: String(value), value });

const atom = (sum: Sum): string =>
  sum.shape === 'atom' && !sum.text.startsWith('-') ? sum.text : `(${sum.text})`;
const term = (sum: Sum): string => (sum.shape === 'other' ? `(${sum.text})` : sum.text);

/** Two sums in one: literal numbers are added up, nothing else is. */
function joined(
  left: Sum,
  right: Sum,
  fold: (a: bigint, b: bigint) => bigint,
  sign: string,
  text: string,
): Sum {
  const common = { ...nothing, names: left.names + right.names, offset: left.offset || right.offset };
  if (right.text === '') return { ...common, text: left.text, shape: left.shape, value: left.value };
  if (left.value !== undefined && right.value !== undefined) return valued(fold(left.value, right.value));
  if (left.text === '') {
    if (sign !== '-') return { ...common, text: right.text, shape: right.shape, value: right.value };
    if (right.value !== undefined) return valued(fold(0n, right.value));
    return { ...common, text: `-${text}`, shape: 'sum' };
  }
  const shape = left.shape === 'other' || right.shape === 'other' ? 'other' : 'sum';
  return { ...common, text: `${left.shape === 'other' ? `(${left.text})` : left.text}${sign}${text}`, shape };
}
