// What is known of a machine and of this installation, as plain data.

export interface Facts {
  /** `6.1.0-18-amd64` */
  readonly kernel: string;
  /** As node says it: `x64`. */
  readonly architecture: string;
  /** The flag `fsgsbase` of /proc/cpuinfo. */
  readonly cpuHasFsgsbase: boolean;
  /** AT_HWCAP2: what the kernel lets programs use. */
  readonly hwcap2: number;
  /** Bytes; undefined: no limit. */
  readonly addressSpaceLimit: number | undefined;
  readonly stackLimit: number | undefined;
  /** vm.overcommit_memory, vm.overcommit_ratio, vm.max_map_count. */
  readonly overcommitMemory: number;
  readonly overcommitRatio: number;
  readonly maxMapCount: number;
  /** kernel.randomize_va_space */
  readonly randomize: number;
  /** Of this process: /proc/self/personality. */
  readonly personality: number;
  /** vm.unprivileged_userfaultfd; undefined: no such feature. */
  readonly userfaultfd: number | undefined;
  /** vm.memory_failure_recovery; undefined: the kernel does not report lost pages to programs. */
  readonly memoryFailureRecovery: number | undefined;
  /** The first line of `--version`; undefined: does not run. */
  readonly gcc: string | undefined;
  readonly clang: string | undefined;
  readonly assembler: string | undefined;
  /** Whether `gcc -m32` links programs. */
  readonly gcc32: boolean;
  /** Which mirrored libraries this installation has. */
  readonly libraries: { readonly 64: boolean; readonly 32: boolean; readonly cxx: boolean };
  /** A tiny program, built, run and checked, for each width that has libraries. */
  readonly trials: readonly Trial[];
}

export interface Trial {
  readonly bits: 32 | 64;
  /** Bytes compared with their mirror and found equal; undefined: it did not come so far. */
  readonly bytesChecked: number | undefined;
  /** What went wrong, empty if nothing did. */
  readonly error: string;
}
