import { defineConfig } from '@playwright/test';
import { findBrowser } from './scripts/browser.mjs';

/** A file for the results as JSON, which `.ci/run` counts. */
const report = process.env.E2E_RESULTS;

/** Tests of the console by a real browser on a real API: `npm run test:e2e`. */
export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '*.spec.ts',
  // The console as it is now; one Temporal server and one workflow bundle for all, as in the runs of Jest.
  globalSetup: ['./scripts/build-console.mjs', './test/support/global-setup.ts'],
  globalTeardown: './test/support/global-teardown.ts',
  // Small machines are slow at rendering, and slower at axe.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  workers: 2,
  retries: 0,
  reporter: report ? [['list'], ['json', { outputFile: report }]] : 'list',
  outputDir: 'test-results',
  use: {
    browserName: 'chromium',
    launchOptions: {
      executablePath: findBrowser(),
      // Playwright itself adds what else keeps a browser quiet: --headless, --no-sandbox, no updates, no sync.
      args: ['--disable-gpu', '--disable-quic'],
    },
    trace: 'retain-on-failure',
  },
});
