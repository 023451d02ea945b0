/** The pages of the manager in a browser, without anything from elsewhere. */
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { testManager } from '../testing.ts';

it('shows the API in a browser, and leads there from its first page', { timeout: 120_000 }, async () => {
  await using manager = await testManager();
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const asked: string[] = [];
    const broken: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    page.on('pageerror', (error) => broken.push(error.message));
    await page.goto(manager.url);
    expect(await page.locator('h1').textContent()).toBe('OpenVNet');
    const links = await page.locator('a').evaluateAll((all) => all.map((one) => one.getAttribute('href')!));
    for (const link of links) expect((await page.request.get(`${manager.url}${link}`)).status(), link).toBe(200);

    await page.getByRole('link', { name: '/api/1.0/docs/' }).click();
    // The page draws what is in view, and no more.
    const first = page.locator('.opblock-summary-path').first();
    await first.waitFor({ timeout: 60_000 });
    expect(await first.textContent()).toContain('datapaths');
    const read = async (path: string) => (await page.request.get(`${manager.url}${path}`)).json();
    expect(await read('/api/1.0/docs/json')).toEqual(await read('/api/1.0/openapi.json'));
    expect(await page.getByText('No operations defined').count()).toBe(0);
    expect(broken).toEqual([]);
    expect(new Set(asked)).toEqual(new Set([manager.url]));
  } finally {
    await browser.close();
  }
});
