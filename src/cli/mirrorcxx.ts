// The command `mirrorc++`: a drop-in C++ compiler driver.
import { drive } from './driver/driver.js';

process.exitCode = drive(process.argv.slice(2), 'g++');
