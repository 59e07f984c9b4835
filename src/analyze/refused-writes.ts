// Writes that have no mirror, by name, each with its reason. What the instruction table does not know is refused in src/isa/refused.ts.

const SHADOW = 'it writes the shadow stack, which only the processor and the kernel keep';
const FAR = 'it changes the code segment; user programs on Linux have one';
const PADLOCK = 'the engine of VIA processors writes it in steps that it tells nobody';

/** Base name, or mnemonic where only one spelling is meant, to reason. Sorted. */
const rows: ReadonlyMap<string, string> = new Map([
  ['callw', 'it keeps the low 16 bits of the instruction pointer only'],
  ['clrssbsy', SHADOW],
  ['enqcmd', "it writes a device's register, which has no mirror"],
  ['enqcmds', "it writes a device's register, which has no mirror"],
  ['enterw', 'it sets the low 16 bits of the frame pointer only'],
  ['lcall', FAR],
  ['lcalll', FAR],
  ['lcallq', FAR],
  ['lcallw', FAR],
  ['repne movs', 'the manuals leave open what repne means here; write rep'],
  ['repne stos', 'the manuals leave open what repne means here; write rep'],
  ['rstorssp', SHADOW],
  ['saveprevssp', SHADOW],
  ['setssbsy', SHADOW],
  ['wrssd', SHADOW],
  ['wrssq', SHADOW],
  ['wrussd', SHADOW],
  ['wrussq', SHADOW],
  ['xcryptcbc', PADLOCK],
  ['xcryptcfb', PADLOCK],
  ['xcryptctr', PADLOCK],
  ['xcryptecb', PADLOCK],
  ['xcryptofb', PADLOCK],
  ['xsha1', PADLOCK],
  ['xsha256', PADLOCK],
  ['xsha384', PADLOCK],
  ['xsha512', PADLOCK],
  ['xstore', PADLOCK],
  ['xstore_alt', PADLOCK],
  ['xstorerng', PADLOCK],
]);

/** Why a write is refused by name, or undefined. */
export function refusedWrite(names: readonly string[]): string | undefined {
  for (const name of names) {
    const reason = rows.get(name);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The whole list. */
export const refusedWrites: ReadonlyMap<string, string> = rows;
