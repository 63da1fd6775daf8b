/**
 * The browser of the end-to-end tests. Usage: node scripts/browser.mjs. Installs one where there is none; the last
 * line that it prints is the browser's path.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { step } from './prepare.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const REFRESH_WITHIN_MS = 180_000;
const INSTALL_WITHIN_MS = 900_000;
const VERSION_WITHIN_MS = 60_000;
const ADVICE = 'Install Chromium, or set CHROMIUM_PATH to one.';

/** Path of a Chromium that is there: `CHROMIUM_PATH`, on PATH, or Playwright's own; undefined when there is none. */
export function findBrowser(env = process.env) {
  if (env.CHROMIUM_PATH) {
    if (isProgram(env.CHROMIUM_PATH)) return env.CHROMIUM_PATH;
    throw refusal(`CHROMIUM_PATH=${env.CHROMIUM_PATH} is no program.`);
  }
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...candidates, chromium.executablePath()].find(isProgram);
}

/** As `findBrowser`, but gets one where there is none: Debian's package, else Playwright's download. */
export async function installBrowser() {
  const known = findBrowser();
  if (known) return known;
  for (const install of [byApt, byPlaywright]) {
    try {
      await install();
    } catch (error) {
      console.error(error.message);
    }
    const installed = findBrowser();
    if (installed) return installed;
  }
  throw refusal('There is no browser for the end-to-end tests, and none could be installed.');
}

async function byApt() {
  if (!hasChromiumPackage() || process.getuid?.() !== 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const failure = 'The package chromium could not be installed: look at the network and at the apt sources.';
  await step('Reading the lists of packages', ['apt-get', '-q', 'update'], failure, {
    env,
    timeoutMs: REFRESH_WITHIN_MS,
  });
  const install = ['apt-get', '-q', 'install', '-y', '--no-install-recommends', 'chromium'];
  await step('Installing the package chromium', install, failure, { env, timeoutMs: INSTALL_WITHIN_MS });
}

/** Debian and what is made from it; Ubuntu's package of that name only points to a snap. */
function hasChromiumPackage() {
  try {
    const release = readFileSync('/etc/os-release', 'utf8');
    return /^ID(_LIKE)?=.*\bdebian\b/m.test(release) && !/^ID=ubuntu$/m.test(release);
  } catch {
    return false;
  }
}

async function byPlaywright() {
  const cli = fileURLToPath(import.meta.resolve('@playwright/test/cli'));
  await step(
    "Downloading Playwright's Chromium",
    [process.execPath, cli, 'install', 'chromium'],
    "Playwright's Chromium could not be downloaded: look at the network.",
    { timeoutMs: INSTALL_WITHIN_MS },
  );
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @throws when it does not start: mostly libraries of the system are missing. */
function checkStarts(path) {
  const { status, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: VERSION_WITHIN_MS });
  if (status === 0) return;
  const [why = 'no answer'] = (stderr ?? '').trim().split('\n').slice(-1);
  throw refusal(`${path} does not start (${why}).`);
}

function refusal(sentence) {
  return new Error(`${sentence} ${ADVICE}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const path = await installBrowser();
    checkStarts(path);
    console.log(path);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
