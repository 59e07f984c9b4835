// Pages in Debian's Chromium: each test has one of its own, in which nothing goes wrong and nothing is asked of the network.
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
export type Open = (file: string, options?: BrowserContextOptions) => Promise<Page>;

export function inBrowser(tests: (open: Open) => void): void {
  if (!existsSync(executablePath)) {
    describe.skip('needs the Debian package chromium', () => test('in Chromium', () => undefined));
    return;
  }
  describe('in Chromium', () => {
    let browser: Browser;
    let page: Page;
    /** What went wrong, and what was asked of the network. */
    let trouble: string[] = [];
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    });
    afterAll(() => browser.close());
    afterEach(async () => {
      await page.context().close();
      expect(trouble).toEqual([]);
    });
    tests(async (file, options = {}) => {
      trouble = [];
      page = await (await browser.newContext(options)).newPage();
      page.on('console', (message) => trouble.push(message.text()));
      page.on('pageerror', (error) => trouble.push(String(error)));
      page.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) trouble.push(request.url());
      });
      await page.goto(`file://${file}`);
      return page;
    });
  });
}

/** By pointer, keyboard and screen reader, with all that can be opened open; and nothing is wider than the window. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const tool = (globalThis as unknown as { axe: typeof axe }).axe;
    const found = await tool.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
  expect(violations).toEqual([]);
  const [wide, room] = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [
    number,
    number,
  ];
  expect(wide).toBeLessThanOrEqual(room);
}
