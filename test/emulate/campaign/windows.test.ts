// Stores whose mirror half comes last: a page that is lost in between comes back with them where they can be had elsewhere, else the runtime says so. Nothing
// goes on with an older value.
import { join } from 'node:path';
import { runCampaign } from '../../../src/emulate/index.js';
import type { CampaignOptions, CampaignResult } from '../../../src/emulate/index.js';
import { Workshop } from '../build.js';
import { campaignOf } from './options.js';

const shop = new Workshop();
afterAll(() => shop.remove());

const options = (program: string, more: Partial<CampaignOptions> = {}): CampaignOptions =>
  campaignOf(program, { cases: 20_000, notice: 'touched', ...more });
const toldIn = (r: CampaignResult, memory: string): number =>
  r.rows.filter((row) => row.memory === memory).reduce((sum, row) => sum + row.outcomes.told, 0);

// What x87 stores and pops, a block that does not overlap, and one that does; 32-bit code stores 64 bits at once by fistpll.
const recovered = `#include <stdint.h>
long double precise[3];
int64_t rounded, cut;
char block[6000];
_Atomic long long whole;
int main(void) {
  long double x = precise[0] + 3.75L;
  for (int i = 1; i < 6; i++) {
    precise[i % 3] = x * i;
    __asm__("fldt %1; fistpll %0" : "=m"(rounded) : "m"(precise[i % 3]));
    __asm__("fldt %1; fchs; fisttpll %0" : "=m"(cut) : "m"(precise[i % 3]));
    char *to = block + 4000, *from = block + i;
    long n = 100;
    block[i] = i;
    __asm__("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    whole += rounded;
  }
  return (int)(rounded + cut + block[4001] + precise[2] + whole) & 63;
}
`;
test.each(['-m64', '-m32'])(
  '%s: what a register or the source of a block has comes back with the page',
  (size) => {
    const program = shop.mirrored(
      `recovered${size}`,
      [shop.written('recovered.c', recovered)],
      ['-O2', size],
    );
    const result = runCampaign(options(program));
    expect(result.executed).toBe(result.candidates);
    expect(result.failed).toEqual([]);
    expect(toldIn(result, 'data')).toBe(0);
  },
);

// An environment cannot be stored again, and a block that has written over its source cannot be copied again.
const gone = `short environment[14];
char block[200];
int main(void) {
  for (int i = 0; i < 100; i++) block[i] = i;
  __asm__("fnstenv %0" : "=m"(environment));
  char *to = block + 50, *from = block;
  long n = 100;
  __asm__("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
  return (environment[0] + block[120]) & 63;
}
`;
test.each(['-m64', '-m32'])('%s: what nobody else has is told', (size) => {
  const program = shop.mirrored(`gone${size}`, [shop.written('gone.c', gone)], ['-O2', size]);
  const result = runCampaign(options(program));
  expect(result.failed).toEqual([]);
  expect(toldIn(result, 'data')).toBeGreaterThan(3);
  // The same page, lost where no store is under way, comes back.
  expect(
    result.rows.find((row) => row.lost === 'native' && row.memory === 'data')!.outcomes.same,
  ).toBeGreaterThan(30);
});

// Called functions copy their return addresses, atomic operations work on the stack: runtime/i386.
test('in 32-bit code a lost return address is told, and all else comes back', () => {
  const program = shop.mirrored('calls32', [join(__dirname, '../programs/calls.c')], ['-O2', '-m32']);
  const { failed, classes } = runCampaign(options(program, { cases: 3000 }));
  expect(failed.filter((f) => f.class !== 'system call sigreturn')).toEqual([]);
  const told = classes.filter((row) => row.outcomes.told > 0 && !row.class.startsWith('system call'));
  expect(told.map((row) => row.class).sort()).toEqual(['mov', 'movd', 'runtime']);
});
