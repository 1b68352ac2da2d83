'use strict';
// Installs the locked dependencies on first use (and again when package-lock.json has changed), so that
// `npm start` and `npm test` work on a fresh clone.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const lock = path.join(root, 'package-lock.json');
const modules = path.join(root, 'node_modules');
const installed = path.join(modules, '.package-lock.json');

/** True where node_modules was installed after the lock file last changed, or is a link to another checkout's. */
function isInstalled() {
  // npm ci would empty what the link leads to.
  if (fs.lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  return fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs;
}

if (fs.existsSync(lock) && !isInstalled()) {
  process.stderr.write('book3s: installing the locked dependencies (npm ci)\n');
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) {
    process.stderr.write('book3s: npm ci failed; see its messages above\n');
    process.exit(done.status ?? 1);
  }
}
