// All targets, by name.
import { linuxX8664 } from './linux-x86_64.js';
import type { Profile, ProfileName } from './profile.js';

export const profiles: Readonly<Record<ProfileName, Profile>> = { 'linux-x86_64': linuxX8664 };
