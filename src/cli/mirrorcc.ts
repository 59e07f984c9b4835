// The command `mirrorcc`: a drop-in C compiler driver.
import { drive } from './driver/driver.js';

process.exitCode = drive(process.argv.slice(2), 'gcc');
