// All targets, by name.
import { linuxI386 } from './linux-i386.js';
import { linuxX8664 } from './linux-x86_64.js';
import type { CallMirror, Profile, ProfileName } from './profile.js';

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  'linux-i386': linuxI386,
  'linux-x86_64': linuxX8664,
};

/** The wanted way of mirroring return addresses, or the target's own. Throws RangeError when the target does not have it. */
export function callMirrorOf(profile: Profile, wanted: CallMirror | undefined): CallMirror {
  if (wanted === undefined) return profile.callMirrors[0];
  if (profile.callMirrors.includes(wanted)) return wanted;
  throw new RangeError(
    `with ${profile.name} return addresses are mirrored by the ${profile.callMirrors.join(', ')} only, not by the ${wanted}`,
  );
}
