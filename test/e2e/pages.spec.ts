import { gzipSync } from 'node:zlib';
import { expect, testsWith } from './world';

const test = testsWith();

/** In bytes, of all scripts that the list needs. */
const MOST = 250_000;

test('the console’s scripts have at most 250 kB, compressed', async ({ ui, page }) => {
  const scripts: Promise<Buffer>[] = [];
  page.on('response', (response) => {
    if (new URL(response.url()).pathname.endsWith('.js')) scripts.push(response.body());
  });
  await ui.open();
  const sizes = (await Promise.all(scripts)).map((script) => gzipSync(script).length);
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(MOST);
});

test('each page has a title of its own', async ({ world, page }) => {
  for (const [path, title] of [
    ['/vms', 'Virtual Machines · VM Clone'],
    ['/clones', 'Clones · VM Clone'],
    ['/clones/demo/web-clone', 'Clone demo/web-clone · VM Clone'],
  ] as const) {
    await page.goto(`${world.url}${path}`);
    await expect(page).toHaveTitle(title);
  }
});
