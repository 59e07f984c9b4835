// Options of the commands that run the pass on text.

import type { CallMirror, ProfileName } from '../profile/profile.js';
import { callMirrorOf, profiles } from '../profile/profiles.js';

export const passOptions = {
  profile: {
    choices: ['linux-i386', 'linux-x86_64'] as const,
    default: 'linux-x86_64' as const,
    describe: 'target',
  },
  'call-mirror': {
    choices: ['site', 'callee'] as const,
    describe: 'who mirrors return addresses: the call site (default of linux-x86_64), or the called function',
  },
};

/** Not every target has every way of mirroring return addresses. */
export function checkCallMirror(args: { profile: ProfileName; 'call-mirror': CallMirror | undefined }): true {
  callMirrorOf(profiles[args.profile], args['call-mirror']);
  return true;
}

const abis = ['sysv', 'none'] as const;

/** What may be assumed at calls and returns, with the command's own default. */
export const abiOption = (otherwise: (typeof abis)[number]) => ({
  choices: abis,
  default: otherwise,
  describe: 'sysv: compiler output made with -fno-ipa-ra; none: assume no calling convention',
});
