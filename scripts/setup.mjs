// Makes a fresh clone ready: node packages, Debian packages, dist/, the runtime, the mirrored libraries. Idempotent; node built-ins only.
import { libraries } from './setup/libraries.mjs';
import { bundles, debianPackages, nodePackages } from './setup/packages.mjs';

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 20) {
  process.stderr.write(`mirrorasm needs Node.js 20 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}
if (process.platform !== 'linux' || process.arch !== 'x64') {
  process.stderr.write(
    `mirrorasm builds x86-64 Linux programs; this is ${process.platform} ${process.arch}\n`,
  );
  process.exit(1);
}

// `npm run build`: after a change of the source, or of the packages that it needs.
const again = process.argv.includes('--bundles');
if (!again) debianPackages();
nodePackages();
bundles(again);
if (!again) libraries();
