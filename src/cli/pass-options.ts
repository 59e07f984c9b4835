// Options of the commands that run the pass on text.

export const passOptions = {
  profile: {
    choices: ['linux-x86_64'] as const,
    default: 'linux-x86_64' as const,
    describe: 'target',
  },
  'call-mirror': {
    choices: ['site', 'callee'] as const,
    default: 'site' as const,
    describe: 'who mirrors return addresses: the call site, or the called function',
  },
};

const abis = ['sysv', 'none'] as const;

/** What may be assumed at calls and returns, with the command's own default. */
export const abiOption = (otherwise: (typeof abis)[number]) => ({
  choices: abis,
  default: otherwise,
  describe: 'sysv: compiler output made with -fno-ipa-ra; none: assume no calling convention',
});
