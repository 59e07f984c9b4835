// The pass as a module, for the set-up: it rewrites thousands of files in one process.
export { marker } from './driver/linkmap.js';
export { expandOptions, formatMessages } from './files.js';
export { rewrite } from '../rewrite.js';
