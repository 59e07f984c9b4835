// Options that are numbers, for yargs' `coerce`: what is not in their range is an error, not something to go on with.

/** A whole number, `least` to `most`. The function throws an Error that names the option. */
export const whole =
  (option: string, least: number, most = Number.MAX_SAFE_INTEGER) =>
  (value: number): number => {
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
    throw new Error(`${option} is a whole number from ${least}${upTo}`);
  };

/** Any number above 0. The function throws an Error that names the option. */
export const positive =
  (option: string) =>
  (value: number): number => {
    if (value > 0) return value;
    throw new Error(`${option} is a number above 0`);
  };
